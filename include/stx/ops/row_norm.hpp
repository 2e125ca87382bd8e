// What the public row norms share: output, call and tape node.
#pragma once

#include "stx/autograd/check_finite.hpp"
#include "stx/autograd/column_slice.hpp"
#include "stx/backend/row_norm.hpp"

namespace stx::detail {

/// A row's gain or shift as a slice; an empty variable stays empty.
template <class T, class D>
ColumnSlice<T, D> affine_row(Var<T, D> v) {
  return v ? ColumnSlice<T, D>(v) : ColumnSlice<T, D>();
}

/// Runs a row norm whose arguments were checked. `residual`, `gain` and `shift` may be empty.
template <class T, class D>
Var<T, D> row_norm(Context<D>& ctx, Var<T, D> x, Var<T, D> residual, ColumnSlice<T, D> gain, ColumnSlice<T, D> shift,
                   RowNormKind<T> kind, double eps) {
  kind.rows = x.shape()[0];
  kind.width = x.shape()[1];
  const Var<T, D> affine = gain.matrix ? gain.matrix : shift.matrix;
  kind.affine_stride = affine ? affine.shape().cols() : 0;
  const bool needs_grad =
      x.needs_grad() || residual.needs_grad() || gain.matrix.needs_grad() || shift.matrix.needs_grad();
  Var<T, D> y = make_output<T, D>(ctx, x.shape(), needs_grad);
  T* mean = ctx.step_arena().template allocate<T>(kind.rows);
  T* rstd = ctx.step_arena().template allocate<T>(kind.rows);
  row_norm_forward(ctx, RowNormForward<T>{.kind = kind,
                                          .x = x.value().data,
                                          .residual = residual ? residual.value().data : nullptr,
                                          .gain = gain.matrix ? gain.data() : nullptr,
                                          .shift = shift.matrix ? shift.data() : nullptr,
                                          .y = y.value().data,
                                          .mean = mean,
                                          .rstd = rstd,
                                          .eps = static_cast<T>(eps)});

  struct Backward : Tape<D>::Node {
    Var<T, D> x, residual, y;
    ColumnSlice<T, D> gain, shift;
    T* mean;
    T* rstd;
    RowNormKind<T> kind;
    static void run(Context<D>& ctx, Backward& n) {
      if (!n.y.has_grad()) return;
      // In the order in which the backward pass writes: x and residual may be one variable.
      const GradTarget<T> to_residual = n.residual.claim_grad(ctx);
      const GradTarget<T> to_x = n.x.claim_grad(ctx);
      const auto [to_gain, to_shift] = claim_slices(ctx, std::array{n.gain, n.shift});
      row_norm_backward(ctx, RowNormBackward<T>{.kind = n.kind,
                                                .grad_y = n.y.grad().data,
                                                .x = n.x.value().data,
                                                .residual = n.residual ? n.residual.value().data : nullptr,
                                                .gain = n.gain.matrix ? n.gain.data() : nullptr,
                                                .mean = n.mean,
                                                .rstd = n.rstd,
                                                .grad_x = to_x.data,
                                                .grad_residual = to_residual.data,
                                                .grad_gain = to_gain.data,
                                                .grad_shift = to_shift.data,
                                                .write_x = to_x.write,
                                                .write_residual = to_residual.write,
                                                .write_gain = to_gain.write,
                                                .write_shift = to_shift.write});
    }
  };
  if (y.needs_grad()) ctx.tape().record(Backward{{}, x, residual, y, gain, shift, mean, rstd, kind});
  return y;
}

}  // namespace stx::detail
