// Residual connection whose branch is gated by a condition.
#pragma once

#include "stx/autograd/check_finite.hpp"
#include "stx/autograd/column_slice.hpp"
#include "stx/backend/gated_residual.hpp"

namespace stx {

/// Adds a branch times a gate per group of consecutive rows.
///
///   y_i = residual_i + gate_g branch_i,  g = i / rows_per_group
///
/// @param residual        (groups * rows_per_group, width)
/// @param branch          shape of residual
/// @param gate            (groups, width), or columns of a wider matrix
/// @param rows_per_group  tokens of a sample
/// @return                shape of residual
/// @throws ArgumentError when shapes do not match or rows_per_group is not positive.
/// Numerics: the gate's gradient sums the rows of its group in a fixed order. Deterministic: yes.
/// Capturable: yes.
/// Source: Peebles and Xie 2023, section 3.2 (adaLN-Zero).
template <class T, class D>
Var<T, D> gated_residual(Context<D>& ctx, Var<T, D> residual, Var<T, D> branch, const ColumnSlice<T, D>& gate,
                         std::int64_t rows_per_group) {
  require(residual.shape().rank() == 2 && branch.shape() == residual.shape() && rows_per_group > 0 &&
              residual.shape()[0] % rows_per_group == 0,
          "gated_residual", "residual and branch must both be (groups * rows_per_group, width), got ", residual.shape(),
          " and ", branch.shape(), " and rows_per_group ", rows_per_group);
  const std::int64_t rows = residual.shape()[0];
  const std::int64_t width = residual.shape()[1];
  check_slice("gated_residual", gate);
  require(gate.rows() == rows / rows_per_group && gate.width == width, "gated_residual", "gate must be ", width,
          " columns of a matrix of ", rows / rows_per_group, " rows, got ", gate.width, " of ", gate.matrix.shape());
  const bool needs_grad = residual.needs_grad() || branch.needs_grad() || gate.matrix.needs_grad();
  check_finite<T, D>(ctx, "gated_residual", {{"residual", residual}, {"branch", branch}, {"gate", gate.matrix}});
  Var<T, D> y = make_output<T, D>(ctx, residual.shape(), needs_grad);
  gated_residual_forward(ctx, GatedResidualForward<T>{.residual = residual.value().data,
                                                      .branch = branch.value().data,
                                                      .gate = gate.data(),
                                                      .y = y.value().data,
                                                      .rows = rows,
                                                      .width = width,
                                                      .rows_per_group = rows_per_group,
                                                      .gate_stride = gate.stride()});

  struct Backward : Tape<D>::Node {
    Var<T, D> residual, branch, y;
    ColumnSlice<T, D> gate;
    std::int64_t rows_per_group;
    static void run(Context<D>& ctx, Backward& n) {
      if (!n.y.has_grad()) return;
      const std::int64_t width = n.y.shape()[1];
      // In the order in which the backward pass writes: residual and branch may be one variable.
      const GradTarget<T> to_residual = n.residual.claim_grad(ctx);
      const GradTarget<T> to_branch = n.branch.claim_grad(ctx);
      const GradTarget<T> to_gate = claim_slices(ctx, std::array{n.gate})[0];
      gated_residual_backward(ctx, GatedResidualBackward<T>{.grad_y = n.y.grad().data,
                                                            .branch = n.branch.value().data,
                                                            .gate = n.gate.data(),
                                                            .grad_residual = to_residual.data,
                                                            .grad_branch = to_branch.data,
                                                            .grad_gate = to_gate.data,
                                                            .write_residual = to_residual.write,
                                                            .write_branch = to_branch.write,
                                                            .write_gate = to_gate.write,
                                                            .rows = n.y.shape()[0],
                                                            .width = width,
                                                            .rows_per_group = n.rows_per_group,
                                                            .gate_stride = n.gate.stride()});
    }
  };
  if (y.needs_grad()) ctx.tape().record(Backward{{}, residual, branch, y, gate, rows_per_group});
  return y;
}

/// The same for a gate that is a variable of its own.
template <class T, class D>
Var<T, D> gated_residual(Context<D>& ctx, Var<T, D> residual, Var<T, D> branch, Var<T, D> gate,
                         std::int64_t rows_per_group) {
  return gated_residual(ctx, residual, branch, ColumnSlice<T, D>(gate), rows_per_group);
}

}  // namespace stx
