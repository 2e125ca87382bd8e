// Layer norm, with or without gain and shift.
#pragma once

#include "stx/ops/row_norm.hpp"

namespace stx {

/// Normalises every row.
///
///   y = (x - mean x) / sqrt(var x + eps) * gain + shift, per row
///
/// @param x      (rows, width)
/// @param gain   (width), or an empty Var: 1
/// @param shift  (width), or an empty Var: 0
/// @param eps    added to the variance; larger damps rows that hardly vary
/// @return       (rows, width)
/// @throws ArgumentError when shapes do not match or eps is negative.
/// Numerics: two-pass mean and biased variance. Deterministic: yes. Capturable: yes.
/// Source: Ba et al. 2016, eq. 4.
template <class T, class D>
Var<T, D> layer_norm(Context<D>& ctx, Var<T, D> x, Var<T, D> gain = {}, Var<T, D> shift = {}, double eps = 1e-5) {
  require(x.shape().rank() == 2, "layer_norm", "x must be (rows, width), got ", x.shape());
  const Shape row{x.shape()[1]};
  require((!gain || gain.shape() == row) && (!shift || shift.shape() == row), "layer_norm",
          "gain and shift must have shape ", row, ", got ", gain ? gain.shape() : row, " and ",
          shift ? shift.shape() : row);
  require(eps >= 0, "layer_norm", "eps must not be negative, got ", eps);
  check_finite<T, D>(ctx, "layer_norm", {{"x", x}, {"gain", gain}, {"shift", shift}});
  return detail::row_norm<T, D>(ctx, x, {}, detail::affine_row(gain), detail::affine_row(shift), {}, eps);
}

}  // namespace stx
