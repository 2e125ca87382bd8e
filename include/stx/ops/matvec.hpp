// Matrix times vector, without a gradient.
#pragma once

#include "stx/autograd/check_finite.hpp"
#include "stx/backend/matvec.hpp"

namespace stx {

/// y = a x.
///
/// @param a  (rows, cols)
/// @param x  (cols)
/// @return   (rows) in the step arena
/// @throws ArgumentError when shapes do not match.
/// Numerics: 32 running sums of fused multiply-adds, folded in halves: the same bits on every device. No
/// gradient. Deterministic: yes. Capturable: yes. Source: none; for draws that must not depend on the device.
template <class T, class D>
Tensor<T, D> matvec(Context<D>& ctx, const Tensor<T, D>& a, const Tensor<T, D>& x) {
  require(a.shape.rank() == 2 && x.shape == Shape{a.cols()}, "matvec",
          "a (rows, cols) and x (cols) must agree on cols, got ", a.shape, " and ", x.shape);
  check_finite<T, D>(ctx, "matvec", {{"a", a}, {"x", x}});
  Tensor<T, D> y = ctx.template make_step<T>(Shape{a.rows()});
  matvec(ctx, Matvec<T>{a.data, x.data, y.data, a.rows(), a.cols()});
  return y;
}

}  // namespace stx
