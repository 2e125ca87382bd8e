// Running the tape backwards from one or several losses.
#pragma once

#include <initializer_list>
#include <span>

#include "stx/autograd/var.hpp"
#include "stx/backend/elementwise.hpp"

namespace stx {

/// Starts a step: takes back the step arena and the tape, counts the step on the device.
/// Every tensor and variable made since the previous call is gone.
template <class D>
void begin_step(Context<D>& ctx) {
  ctx.tape().clear();
  ctx.step_arena().reset();
  advance_step(ctx);
}

/// As begin_step, without counting a step: for evaluation.
template <class D>
void begin_pass(Context<D>& ctx) {
  ctx.tape().clear();
  ctx.step_arena().reset();
}

/// Gradients of the sum of the given scalars with respect to every variable that needs one.
template <class T, class D>
void backward(Context<D>& ctx, std::span<const Var<T, D>> losses) {
  for (const Var<T, D>& loss : losses) {
    require(loss.shape().size() == 1, "backward", "a loss must be a single value, got shape ", loss.shape());
    const GradTarget<T> target = loss.claim_grad(ctx);
    if (target.data == nullptr) continue;
    if (target.write == GradWrite::overwrite) {
      fill(ctx, target.data, 1, T(1));
    } else {  // listed more than once
      T* one = ctx.step_arena().template allocate<T>(1);
      fill(ctx, one, 1, T(1));
      add_to(ctx, target.data, one, 1);
    }
  }
  ctx.tape().run_backward(ctx);
}
template <class T, class D>
void backward(Context<D>& ctx, std::initializer_list<Var<T, D>> losses) {
  backward<T, D>(ctx, std::span<const Var<T, D>>(losses.begin(), losses.size()));
}
template <class T, class D>
void backward(Context<D>& ctx, Var<T, D> loss) {
  backward<T, D>(ctx, std::span<const Var<T, D>>(&loss, 1));
}

}  // namespace stx
