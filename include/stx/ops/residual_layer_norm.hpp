// y = LayerNorm(residual + dropout(x)).
#pragma once

#include "stx/autograd/var.hpp"
#include "stx/backend/residual_layer_norm.hpp"
#include "stx/ops/check_dropout.hpp"

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
/// @throws ArgumentError when shapes do not match or the dropout probability is not in [0, 1).
/// Numerics: two-pass mean and biased variance. Deterministic: yes. Capturable: yes.
/// Source: Ba et al. 2016, eq. 4.
template <class T, class D>
Var<T, D> residual_layer_norm(Context<D>& ctx, Var<T, D> x, Var<T, D> residual, Var<T, D> gain,
                              Var<T, D> shift, LayerNormOptions options = {}) {
  require(x.shape().rank() == 2 && (!residual || residual.shape() == x.shape()), "residual_layer_norm",
          "x and residual must both be (rows, width), got ", x.shape(), " and ",
          residual ? residual.shape() : Shape{});
  const std::int64_t rows = x.shape()[0];
  const std::int64_t width = x.shape()[1];
  require(gain.shape() == Shape{width} && shift.shape() == Shape{width}, "residual_layer_norm",
          "gain and shift must have shape (", width, "), got ", gain.shape(), " and ", shift.shape());
  check_dropout("residual_layer_norm", options.dropout);
  if (!ctx.tape().recording()) options.dropout = {};
  const bool needs_grad =
      x.needs_grad() || residual.needs_grad() || gain.needs_grad() || shift.needs_grad();
  Var<T, D> y = make_output<T, D>(ctx, x.shape(), needs_grad);
  T* mean = ctx.step_arena().template allocate<T>(rows);
  T* rstd = ctx.step_arena().template allocate<T>(rows);
  residual_layer_norm_forward(
      ctx, ResidualLayerNormForward<T>{.x = x.value().data, .residual = residual ? residual.value().data : nullptr,
                                       .gain = gain.value().data, .shift = shift.value().data,
                                       .y = y.value().data, .mean = mean, .rstd = rstd, .rows = rows,
                                       .width = width, .eps = static_cast<T>(options.eps),
                                       .dropout = options.dropout});

  struct Backward : Tape<D>::Node {
    Var<T, D> x, residual, gain, shift, y;
    T* mean;
    T* rstd;
    Dropout dropout;
    static void run(Context<D>& ctx, Backward& n) {
      if (!n.y.has_grad()) return;
      // In the order in which the backward pass writes: x and residual may be one variable.
      const GradTarget<T> to_residual = n.residual.claim_grad(ctx);
      const GradTarget<T> to_x = n.x.claim_grad(ctx);
      const GradTarget<T> to_gain = n.gain.claim_grad(ctx);
      const GradTarget<T> to_shift = n.shift.claim_grad(ctx);
      residual_layer_norm_backward(
          ctx, ResidualLayerNormBackward<T>{
                   .grad_y = n.y.grad().data, .x = n.x.value().data,
                   .residual = n.residual ? n.residual.value().data : nullptr,
                   .gain = n.gain.value().data, .mean = n.mean, .rstd = n.rstd, .grad_x = to_x.data,
                   .grad_residual = to_residual.data, .grad_gain = to_gain.data,
                   .grad_shift = to_shift.data, .write_x = to_x.write, .write_residual = to_residual.write,
                   .write_gain = to_gain.write, .write_shift = to_shift.write, .rows = n.x.shape()[0],
                   .width = n.x.shape()[1], .dropout = n.dropout});
    }
  };
  if (y.needs_grad())
    ctx.tape().record(Backward{{}, x, residual, gain, shift, y, mean, rstd, options.dropout});
  return y;
}

}  // namespace stx
