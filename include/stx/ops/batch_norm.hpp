// Batch norm with fused activation and dropout.
#pragma once

#include "stx/autograd/check_finite.hpp"
#include "stx/autograd/var.hpp"
#include "stx/backend/batch_norm.hpp"
#include "stx/ops/check_dropout.hpp"

namespace stx {

struct BatchNormOptions {
  double eps = 1e-5;      ///< added to the variance; larger damps columns that hardly vary
  double momentum = 0.1;  ///< share of the batch in the running statistics; larger forgets sooner
  bool frozen = false;    ///< use the running statistics, and leave them alone, in training too
  Activation activation = Activation::identity;
  Dropout dropout = {};  ///< after the activation; only while the tape records
};

/// Normalises every column over the rows of the batch.
///
///   z = (x - m) / sqrt(v + eps) * gain + shift,  y = dropout(activation(z))
///
/// While the tape records (training), m and v are mean and biased variance of x's columns, and
///   running_mean += momentum (m - running_mean),
///   running_var  += momentum (v rows / (rows - 1) - running_var)
/// on the device, inside the step. Otherwise (evaluation), and if frozen, m and v are running_mean and
/// running_var, which then stay as they are.
///
/// @param x             (rows, width)
/// @param gain          (width)
/// @param shift         (width)
/// @param running_mean  (width), persistent memory of the caller, 0 at the start
/// @param running_var   (width), as running_mean, 1 at the start
/// @return              (rows, width)
/// @throws ArgumentError when shapes do not match, eps is negative, momentum is not in [0, 1], the
///         dropout probability is not in [0, 1), or one row is to give statistics. No row at all is
///         legal and changes nothing.
/// Numerics: mean and squared deviations of chunks of rows, united in double (Chan et al. 1983); no
/// cancellation of large means. Nothing is kept for the backward pass but y and 2 width values: z
/// is computed again. Deterministic: yes. Capturable: yes.
/// Source: Ioffe and Szegedy 2015, algorithm 1; running statistics as PyTorch's BatchNorm1d.
template <class T, class D>
Var<T, D> batch_norm(Context<D>& ctx, Var<T, D> x, Var<T, D> gain, Var<T, D> shift, const Tensor<T, D>& running_mean,
                     const Tensor<T, D>& running_var, BatchNormOptions options = {}) {
  require(x.shape().rank() == 2, "batch_norm", "x must be (rows, width), got ", x.shape());
  const std::int64_t rows = x.shape()[0];
  const std::int64_t width = x.shape()[1];
  const Shape columns{width};
  require(gain.shape() == columns && shift.shape() == columns && running_mean.shape == columns &&
              running_var.shape == columns,
          "batch_norm", "gain, shift, running_mean and running_var must have shape (", width, "), got ", gain.shape(),
          ", ", shift.shape(), ", ", running_mean.shape, ", ", running_var.shape);
  require(options.eps >= 0 && options.momentum >= 0 && options.momentum <= 1, "batch_norm",
          "eps must not be negative and momentum be in [0, 1], got ", options.eps, " and ", options.momentum);
  check_dropout("batch_norm", options.dropout);
  if (!ctx.tape().recording()) options.dropout = {};
  const bool batch_statistics = ctx.tape().recording() && !options.frozen;
  require(!batch_statistics || rows != 1, "batch_norm",
          "a batch of 1 row has no variance to train with; use more rows, leave a last batch of one "
          "out, or freeze the statistics");
  const bool needs_grad = x.needs_grad() || gain.needs_grad() || shift.needs_grad();
  check_finite<T, D>(
      ctx, "batch_norm",
      {{"x", x}, {"gain", gain}, {"shift", shift}, {"running_mean", running_mean}, {"running_var", running_var}});
  Var<T, D> y = make_output<T, D>(ctx, x.shape(), needs_grad);
  T* mean = ctx.step_arena().template allocate<T>(width);
  T* rstd = ctx.step_arena().template allocate<T>(width);
  batch_norm_forward(ctx, BatchNormForward<T>{.x = x.value().data,
                                              .gain = gain.value().data,
                                              .shift = shift.value().data,
                                              .running_mean = running_mean.data,
                                              .running_var = running_var.data,
                                              .y = y.value().data,
                                              .mean = mean,
                                              .rstd = rstd,
                                              .rows = rows,
                                              .width = width,
                                              .eps = static_cast<T>(options.eps),
                                              .momentum = static_cast<T>(options.momentum),
                                              .batch_statistics = batch_statistics,
                                              .activation = options.activation,
                                              .dropout = options.dropout});

  struct Backward : Tape<D>::Node {
    Var<T, D> x, gain, shift, y;
    T* mean;
    T* rstd;
    bool batch_statistics;
    Activation activation;
    Dropout dropout;
    static void run(Context<D>& ctx, Backward& n) {
      if (!n.y.has_grad()) return;
      // In the order in which the backward pass writes: gain and shift may be one variable.
      const GradTarget<T> to_gain = n.gain.claim_grad(ctx);
      const GradTarget<T> to_shift = n.shift.claim_grad(ctx);
      const GradTarget<T> to_x = n.x.claim_grad(ctx);
      batch_norm_backward(ctx, BatchNormBackward<T>{.grad_y = n.y.grad().data,
                                                    .x = n.x.value().data,
                                                    .y = n.y.value().data,
                                                    .gain = n.gain.value().data,
                                                    .shift = n.shift.value().data,
                                                    .mean = n.mean,
                                                    .rstd = n.rstd,
                                                    .grad_x = to_x.data,
                                                    .grad_gain = to_gain.data,
                                                    .grad_shift = to_shift.data,
                                                    .write_x = to_x.write,
                                                    .write_gain = to_gain.write,
                                                    .write_shift = to_shift.write,
                                                    .rows = n.x.shape()[0],
                                                    .width = n.x.shape()[1],
                                                    .batch_statistics = n.batch_statistics,
                                                    .activation = n.activation,
                                                    .dropout = n.dropout});
    }
  };
  if (y.needs_grad())
    ctx.tape().record(
        Backward{{}, x, gain, shift, y, mean, rstd, batch_statistics, options.activation, options.dropout});
  return y;
}

}  // namespace stx
