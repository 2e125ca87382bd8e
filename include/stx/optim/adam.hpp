// Adam over a ParameterStore.
#pragma once

#include "stx/backend/adam.hpp"
#include "stx/backend/elementwise.hpp"
#include "stx/optim/check_store.hpp"

namespace stx::optim {

/// Adam or AdamW; see AdamOptions. Making one sets the learning rate of the context. One kernel updates
/// all parameters of the store.
///
///   m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g^2,
///   p = p - rate (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)
///
/// Weight decay puts g + decay p in place of the gradient g, or, decoupled, p - rate decay p in place of p.
///
/// Deterministic: yes. Capturable: yes; rate and step are read from device memory.
/// Source: Kingma and Ba 2015; Loshchilov and Hutter 2019.
template <class T, class D>
class Adam {
 public:
  /// @param store    parameters and gradients, allocated; moments of as many values live in persistent memory
  /// @param options  rate, betas, eps, weight decay
  /// @throws ArgumentError when rate or decay is negative, eps not positive or a beta outside of [0, 1).
  Adam(Context<D>& ctx, ParameterStore<T, D>& store, const AdamOptions& options) : store_(&store), options_(options) {
    require(options.learning_rate >= 0 && options.eps > 0 && options.beta1 >= 0 && options.beta1 < 1 &&
                options.beta2 >= 0 && options.beta2 < 1 && options.weight_decay >= 0,
            "Adam", "learning_rate and weight_decay must not be negative, eps positive, betas in [0, 1)");
    means_ = ctx.template make_persistent<T>(Shape{store.size()});
    squares_ = ctx.template make_persistent<T>(Shape{store.size()});
    fill(ctx, means_.data, store.size(), T(0));
    fill(ctx, squares_.data, store.size(), T(0));
    StepState state;
    copy_to_host(ctx, &state, ctx.step_state(), sizeof state);
    first_step_ = state.step;
    copy_to_device(ctx, &ctx.step_state()->learning_rate, &options_.learning_rate, sizeof(float));
  }

  /// Applies the gradients of this step. Parameters that no op used have gradient 0.
  void step(Context<D>& ctx) {
    for (auto& e : store_->entries())
      if (!e.state.has_grad) fill(ctx, e.state.grad.data, e.shape.size(), T(0));
    detail::check_parameters(ctx, "Adam", *store_);
    detail::check_gradients(ctx, "Adam", *store_);
    check_finite<T, D>(ctx, "Adam", {{"means", means_}, {"squares", squares_}});
    adam(ctx, AdamArgs<T>{store_->values().data, store_->grads().data, means_.data, squares_.data, store_->size(),
                          first_step_, options_});
  }

  const AdamOptions& options() const { return options_; }
  /// First and second moments, flat like the store; for checkpoints.
  const Tensor<T, D>& means() const { return means_; }
  const Tensor<T, D>& squares() const { return squares_; }
  /// StepState::step before the first update.
  std::uint32_t first_step() const { return first_step_; }
  void set_first_step(std::uint32_t step) { first_step_ = step; }

 private:
  ParameterStore<T, D>* store_;
  AdamOptions options_;
  Tensor<T, D> means_;
  Tensor<T, D> squares_;
  std::uint32_t first_step_ = 0;
};

}  // namespace stx::optim
