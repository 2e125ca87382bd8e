// Moving average of a model's parameters.
#pragma once

#include "stx/backend/elementwise.hpp"
#include "stx/backend/ema.hpp"
#include "stx/optim/check_store.hpp"

namespace stx::optim {

struct EmaOptions {
  float decay = 0.999f;  ///< share of the average that an update keeps, in [0, 1); larger is smoother
  bool warm_up = false;  ///< keep only (1 + t) / (10 + t) at update t while that is less
};

/// Keeps average = decay average + (1 - decay) parameters, beginning with the parameters as they
/// are when it is made. The average often samples or predicts better than the last parameters.
///
/// Deterministic: yes. Capturable: yes.
/// Source: Polyak and Juditsky 1992; the warm-up is that of TensorFlow's ExponentialMovingAverage.
template <class T, class D>
class ParameterEma {
 public:
  /// @param store    the parameters, allocated; the average lives in persistent memory
  /// @param options  decay, warm-up
  /// @throws ArgumentError when decay is not in [0, 1).
  ParameterEma(Context<D>& ctx, ParameterStore<T, D>& store, const EmaOptions& options)
      : store_(&store), options_(options) {
    require(options.decay >= 0 && options.decay < 1, "ParameterEma", "decay must lie in [0, 1), got ", options.decay);
    average_ = ctx.template make_persistent<T>(Shape{store.size()});
    fill(ctx, average_.data, store.size(), T(0));
    add_to(ctx, average_.data, store.values().data, store.size());
    StepState state;
    copy_to_host(ctx, &state, ctx.step_state(), sizeof state);
    first_step_ = state.step;
  }

  /// After the optimiser's step.
  void update(Context<D>& ctx) {
    detail::check_parameters(ctx, "ParameterEma", *store_);
    check_finite<T, D>(ctx, "ParameterEma", {{"average", average_}});
    ema(ctx, Ema<T>{average_.data, store_->values().data, store_->size(), first_step_, static_cast<T>(options_.decay),
                    options_.warm_up});
  }

  /// Exchanges the average with the parameters: the model then computes with the average. A second
  /// call brings the parameters back.
  void exchange_with_parameters(Context<D>& ctx) {
    exchange(ctx, average_.data, store_->values().data, store_->size());
  }

  const Tensor<T, D>& average() const { return average_; }
  /// StepState::step before the first update.
  std::uint32_t first_step() const { return first_step_; }
  void set_first_step(std::uint32_t step) { first_step_ = step; }

 private:
  ParameterStore<T, D>* store_;
  EmaOptions options_;
  Tensor<T, D> average_;
  std::uint32_t first_step_ = 0;
};

}  // namespace stx::optim
