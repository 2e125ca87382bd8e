// Clipping of all gradients of a model by their global norm.
#pragma once

#include "stx/backend/clip_grad_norm.hpp"
#include "stx/backend/elementwise.hpp"
#include "stx/optim/check_store.hpp"

namespace stx::optim {

/// Scales every gradient of the store by min(1, max_norm / (norm + 1e-6)), norm the Euclidean norm
/// of all of them together. Call between backward() and the optimiser's step.
///
/// @param max_norm  above 0
/// @return          (1), on the device: the norm before clipping
/// @throws ArgumentError when max_norm is not positive and finite.
/// Numerics: squares summed in double in a fixed order. A norm that is NaN makes every gradient
/// NaN, one that is infinite makes infinite gradients NaN. Deterministic: yes. Capturable: yes; the
/// factor never comes to the host. Source: Pascanu et al. 2013, "On the difficulty of training
/// recurrent neural networks"; the 1e-6 is PyTorch's.
template <class T, class D>
Tensor<T, D> clip_grad_norm(Context<D>& ctx, ParameterStore<T, D>& store, double max_norm) {
  require(max_norm > 0 && std::isfinite(max_norm), "clip_grad_norm", "max_norm must be positive and finite, got ",
          max_norm);
  // Gradients that nothing wrote in this step still hold those of an earlier one.
  for (auto& e : store.entries())
    if (!e.state.has_grad) fill(ctx, e.state.grad.data, e.shape.size(), T(0));
  detail::check_gradients(ctx, "clip_grad_norm", store);
  Tensor<T, D> norm = ctx.template make_step<T>(Shape{1});
  ClipGradNorm<T> args{.gradients = store.grads().data,
                       .size = store.size(),
                       .norm = norm.data,
                       .factor = ctx.step_arena().template allocate<T>(1),
                       .max_norm = static_cast<T>(max_norm)};
  args.partials = ctx.step_arena().template allocate<double>(args.chunks());
  clip_grad_norm(ctx, args);
  return norm;
}

}  // namespace stx::optim
