// RMS norm: layer norm without mean and shift.
#pragma once

#include "stx/ops/row_norm.hpp"

namespace stx {

/// Divides every row by its root mean square.
///
///   y = x / sqrt(mean(x^2) + eps) * gain, per row
///
/// @param x     (rows, width)
/// @param gain  (width)
/// @param eps   added to the mean square; larger damps rows near 0
/// @return      (rows, width)
/// @throws ArgumentError when shapes do not match or eps is negative.
/// Numerics: as T5's layer norm in float. Deterministic: yes. Capturable: yes.
/// Source: Zhang and Sennrich 2019, eq. 4; Raffel et al. 2020, section 2.1.
template <class T, class D>
Var<T, D> rms_norm(Context<D>& ctx, Var<T, D> x, Var<T, D> gain, double eps = 1e-6) {
  require(x.shape().rank() == 2 && gain.shape() == Shape{x.shape()[1]}, "rms_norm",
          "x must be (rows, width) and gain (width), got ", x.shape(), " and ", gain.shape());
  require(eps >= 0, "rms_norm", "eps must not be negative, got ", eps);
  check_finite<T, D>(ctx, "rms_norm", {{"x", x}, {"gain", gain}});
  return detail::row_norm<T, D>(ctx, x, {}, detail::affine_row(gain), {}, {.centred = false}, eps);
}

}  // namespace stx
