// Adaptive layer norm: scale and shift come from a condition.
#pragma once

#include "stx/ops/row_norm.hpp"

namespace stx {

/// Layer norm without gain and shift of its own, modulated per group of consecutive rows.
///
///   y_i = (x_i - mean x_i) / sqrt(var x_i + eps) * (1 + scale_g) + shift_g,  g = i / rows_per_group
///
/// @param x               (groups * rows_per_group, width), the tokens of one sample after another
/// @param scale           (groups, width), or columns of a wider matrix, so that one linear layer can
///                        make all shifts, scales and gates of a block
/// @param shift           as scale, of a matrix as wide as scale's
/// @param rows_per_group  tokens of a sample
/// @param eps             added to the variance
/// @return                shape of x
/// @throws ArgumentError when shapes do not match, rows_per_group is not positive or eps negative.
/// Numerics: two-pass mean and biased variance. Deterministic: yes. Capturable: yes.
/// Source: Peebles and Xie 2023, section 3.2 (adaLN).
template <class T, class D>
Var<T, D> ada_layer_norm(Context<D>& ctx, Var<T, D> x, const ColumnSlice<T, D>& scale, const ColumnSlice<T, D>& shift,
                         std::int64_t rows_per_group, double eps = 1e-6) {
  require(x.shape().rank() == 2 && rows_per_group > 0 && x.shape()[0] % rows_per_group == 0, "ada_layer_norm",
          "x must be (groups * rows_per_group, width), got ", x.shape(), " and rows_per_group ", rows_per_group);
  check_slice("ada_layer_norm", scale);
  check_slice("ada_layer_norm", shift);
  const std::int64_t groups = x.shape()[0] / rows_per_group;
  const std::int64_t width = x.shape()[1];
  require(scale.rows() == groups && shift.rows() == groups && scale.width == width && shift.width == width &&
              scale.stride() == shift.stride(),
          "ada_layer_norm", "scale and shift must be ", width, " columns of matrices of ", groups,
          " rows and one width, got ", scale.width, " of ", scale.matrix.shape(), " and ", shift.width, " of ",
          shift.matrix.shape());
  require(eps >= 0, "ada_layer_norm", "eps must not be negative, got ", eps);
  check_finite<T, D>(ctx, "ada_layer_norm", {{"x", x}, {"scale", scale.matrix}, {"shift", shift.matrix}});
  return detail::row_norm<T, D>(ctx, x, {}, scale, shift, {.rows_per_group = rows_per_group, .gain_offset = T(1)}, eps);
}

/// The same for a scale and a shift that are variables of their own.
template <class T, class D>
Var<T, D> ada_layer_norm(Context<D>& ctx, Var<T, D> x, Var<T, D> scale, Var<T, D> shift, std::int64_t rows_per_group,
                         double eps = 1e-6) {
  return ada_layer_norm(ctx, x, ColumnSlice<T, D>(scale), ColumnSlice<T, D>(shift), rows_per_group, eps);
}

}  // namespace stx
