// The same values under another shape.
#pragma once

#include "stx/autograd/var.hpp"
#include "stx/backend/elementwise.hpp"

namespace stx {

/// A view of x with another shape: no value is copied.
///
/// @param x      any shape
/// @param shape  as many values as x
/// @return       the memory of x as `shape`
/// @throws ArgumentError when the numbers of values differ.
/// Gradient: added to that of x. Deterministic: yes. Capturable: yes. Source: none.
template <class T, class D>
Var<T, D> reshape(Context<D>& ctx, Var<T, D> x, Shape shape) {
  require(shape.size() == x.shape().size(), "reshape", "shape ", shape, " does not hold the ", x.shape().size(),
          " values of shape ", x.shape());
  const bool needs_grad = x.needs_grad() && ctx.tape().recording();
  const Tensor<T, D> value{x.value().data, shape};
  Var<T, D> y(ctx.tape().template make<VarState<T, D>>(VarState<T, D>{value, {}, needs_grad, false}));

  struct Backward : Tape<D>::Node {
    Var<T, D> x, y;
    static void run(Context<D>& ctx, Backward& n) {
      if (!n.y.has_grad()) return;
      const GradTarget<T> to_x = n.x.claim_grad(ctx);
      const std::int64_t size = n.x.shape().size();
      if (to_x.write == GradWrite::overwrite) fill(ctx, to_x.data, size, T(0));
      add_to(ctx, to_x.data, n.y.grad().data, size);
    }
  };
  if (needs_grad) ctx.tape().record(Backward{{}, x, y});
  return y;
}

}  // namespace stx
