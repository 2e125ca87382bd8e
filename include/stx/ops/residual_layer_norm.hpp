// y = LayerNorm(residual + dropout(x)).
#pragma once

#include "stx/ops/check_dropout.hpp"
#include "stx/ops/row_norm.hpp"

namespace stx {

struct LayerNormOptions {
  double eps = 1e-5;     ///< added to the variance; larger damps rows that hardly vary
  Dropout dropout = {};  ///< on x, before the residual is added; only while the tape records
};

/// Post-norm residual block in one pass.
///
///   s = residual + dropout(x),  y = (s - mean s) / sqrt(var s + eps) * gain + shift, per row
///
/// @param x         (rows, width)
/// @param residual  (rows, width), or an empty Var for plain layer norm
/// @param gain      (width)
/// @param shift     (width)
/// @return          (rows, width)
/// @throws ArgumentError when shapes do not match, eps is negative or the dropout probability is not in [0, 1).
/// Numerics: two-pass mean and biased variance. Deterministic: yes. Capturable: yes.
/// Source: Ba et al. 2016, eq. 4.
template <class T, class D>
Var<T, D> residual_layer_norm(Context<D>& ctx, Var<T, D> x, Var<T, D> residual, Var<T, D> gain, Var<T, D> shift,
                              LayerNormOptions options = {}) {
  require(x.shape().rank() == 2 && (!residual || residual.shape() == x.shape()), "residual_layer_norm",
          "x and residual must both be (rows, width), got ", x.shape(), " and ", residual ? residual.shape() : Shape{});
  const std::int64_t width = x.shape()[1];
  require(gain.shape() == Shape{width} && shift.shape() == Shape{width}, "residual_layer_norm",
          "gain and shift must have shape (", width, "), got ", gain.shape(), " and ", shift.shape());
  require(options.eps >= 0, "residual_layer_norm", "eps must not be negative, got ", options.eps);
  check_dropout("residual_layer_norm", options.dropout);
  if (!ctx.tape().recording()) options.dropout = {};
  check_finite<T, D>(ctx, "residual_layer_norm", {{"x", x}, {"residual", residual}, {"gain", gain}, {"shift", shift}});
  return detail::row_norm<T, D>(ctx, x, residual, detail::affine_row(gain), detail::affine_row(shift),
                                {.dropout = options.dropout}, options.eps);
}

}  // namespace stx
