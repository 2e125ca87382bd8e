// y = dropout(activation(x W^T + b)), optionally added to a residual through a gate.
#pragma once

#include "stx/autograd/check_finite.hpp"
#include "stx/autograd/column_slice.hpp"
#include "stx/autograd/var.hpp"
#include "stx/backend/activate.hpp"
#include "stx/backend/elementwise.hpp"
#include "stx/backend/gated_residual.hpp"
#include "stx/backend/linear.hpp"
#include "stx/ops/check_dropout.hpp"

namespace stx {

struct LinearOptions {
  Activation activation = Activation::identity;
  Dropout dropout = {};  ///< applied only while the tape records (training)
};

/// What a layer's result is added to: y_i = residual_i + gate_g result_i, g = i / rows_per_group.
template <class T, class D>
struct LinearResidual {
  Var<T, D> residual;               ///< (rows, out); empty: the result is y
  ColumnSlice<T, D> gate = {};      ///< (rows / rows_per_group, out), maybe columns of a wider matrix; empty: 1
  std::int64_t rows_per_group = 1;  ///< tokens of a sample
};

/// @throws ArgumentError unless the residual fits the layer's result.
template <class T, class D>
void check_linear_residual(const LinearResidual<T, D>& onto, Shape result) {
  if (!onto.residual) {
    require(!onto.gate.matrix, "linear", "a gate needs a residual");
    return;
  }
  require(onto.residual.shape() == result, "linear", "residual must have the shape ", result, " of the result, got ",
          onto.residual.shape());
  if (!onto.gate.matrix) return;
  require(onto.rows_per_group > 0 && result[0] % onto.rows_per_group == 0, "linear",
          "rows_per_group = ", onto.rows_per_group, " must divide ", result[0], " rows");
  check_slice("linear", onto.gate);
  require(onto.gate.rows() == result[0] / onto.rows_per_group && onto.gate.width == result[1], "linear",
          "gate must be ", result[1], " columns of a matrix of ", result[0] / onto.rows_per_group, " rows, got ",
          onto.gate.width, " of ", onto.gate.matrix.shape());
}

/// Fully connected layer with fused bias, activation, inverted dropout and gated residual.
///
///   z = x W^T + b,  y_ij = residual_ij + gate_gj m_ij activation(z_ij),  m_ij in {0, 1 / (share kept)}
///
/// @param x       (rows, in)
/// @param weight  (out, in)
/// @param bias    (out), or an empty Var
/// @param onto    residual and gate; nothing: y is m_ij activation(z_ij)
/// @param reaches_x  (out) of 0 and 1, or empty: all 1; the gradient of outputs marked 0 goes to weight and bias alone,
///                   so that they learn from x without moving it
/// @return        (rows, out)
/// @throws ArgumentError when shapes do not match or the dropout probability is not in [0, 1).
/// Numerics: GEMM in T; the activations of math/activations.hpp. Deterministic: yes. Capturable: yes.
/// Source: the gate, Peebles and Xie 2023, section 3.2 (adaLN-Zero).
template <class T, class D>
Var<T, D> linear(Context<D>& ctx, Var<T, D> x, Var<T, D> weight, Var<T, D> bias, LinearOptions options = {},
                 LinearResidual<T, D> onto = {}, const Tensor<T, D>& reaches_x = {}) {
  require(x.shape().rank() == 2 && weight.shape().rank() == 2 && x.shape()[1] == weight.shape()[1], "linear",
          "x (rows, in) and weight (out, in) must agree on in, got ", x.shape(), " and ", weight.shape());
  require(!bias || bias.shape() == Shape{weight.shape()[0]}, "linear", "bias must have shape (", weight.shape()[0],
          "), got ", bias ? bias.shape() : Shape{});
  check_dropout("linear", options.dropout);
  const std::int64_t rows = x.shape()[0];
  const std::int64_t out = weight.shape()[0];
  check_linear_residual(onto, Shape{rows, out});
  require(!reaches_x || reaches_x.shape == Shape{out}, "linear", "reaches_x must have shape (", out,
          "), one of 0 and 1 for each output, got ", reaches_x.shape);
  const Var<T, D> gate = onto.gate.matrix;
  const bool needs_grad =
      x.needs_grad() || weight.needs_grad() || bias.needs_grad() || onto.residual.needs_grad() || gate.needs_grad();
  check_finite<T, D>(ctx, "linear",
                     {{"x", x}, {"weight", weight}, {"bias", bias}, {"residual", onto.residual}, {"gate", gate}});
  Var<T, D> y = make_output<T, D>(ctx, Shape{rows, out}, needs_grad);
  if (!ctx.tape().recording()) options.dropout = {};
  const bool keeps_pre = y.needs_grad() && options.activation != Activation::identity;
  T* pre = keeps_pre ? ctx.step_arena().template allocate<T>(rows * out) : nullptr;
  T* branch = y.needs_grad() && gate.needs_grad() ? ctx.step_arena().template allocate<T>(rows * out) : nullptr;
  linear_forward(ctx, LinearForward<T>{.x = x.value().data,
                                       .weight = weight.value().data,
                                       .bias = bias ? bias.value().data : nullptr,
                                       .pre_activation = pre,
                                       .y = y.value().data,
                                       .rows = rows,
                                       .in = x.shape()[1],
                                       .out = out,
                                       .activation = options.activation,
                                       .dropout = options.dropout,
                                       .branch = branch,
                                       .residual = onto.residual ? onto.residual.value().data : nullptr,
                                       .gate = gate ? onto.gate.data() : nullptr,
                                       .rows_per_group = onto.rows_per_group,
                                       .gate_stride = gate ? onto.gate.stride() : 0});

  struct Backward : Tape<D>::Node {
    Var<T, D> x, weight, bias, y;
    T *pre, *branch;
    LinearOptions options;
    LinearResidual<T, D> onto;
    Tensor<T, D> reaches_x;
    static void run(Context<D>& ctx, Backward& n) {
      if (!n.y.has_grad()) return;
      const std::int64_t rows = n.x.shape()[0];
      const std::int64_t out = n.weight.shape()[0];
      const T* grad_branch = n.onto.residual ? pass_residual(ctx, n, rows, out) : n.y.grad().data;
      if (!n.wants_branch()) return;
      const bool scratch = n.options.activation != Activation::identity || n.options.dropout.active();
      // In the order in which linear_backward writes: x and weight may be one variable.
      const GradTarget<T> to_bias = n.bias.claim_grad(ctx);
      const GradTarget<T> to_weight = n.weight.claim_grad(ctx);
      const GradTarget<T> to_x = n.x.claim_grad(ctx);
      linear_backward(ctx,
                      LinearBackward<T>{
                          .grad_y = grad_branch,
                          .x = n.x.value().data,
                          .weight = n.reaches_x && to_x.data != nullptr ? masked_weight(ctx, n) : n.weight.value().data,
                          .pre_activation = n.pre,
                          .grad_pre = scratch ? ctx.step_arena().template allocate<T>(rows * out) : nullptr,
                          .grad_x = to_x.data,
                          .grad_weight = to_weight.data,
                          .grad_bias = to_bias.data,
                          .write_x = to_x.write,
                          .write_weight = to_weight.write,
                          .write_bias = to_bias.write,
                          .rows = rows,
                          .in = n.x.shape()[1],
                          .out = out,
                          .activation = n.options.activation,
                          .dropout = n.options.dropout});
    }
    /// The weight with rows of 0 where the gradient must not reach x.
    static const T* masked_weight(Context<D>& ctx, const Backward& n) {
      const Shape shape = n.weight.shape();
      T* masked = ctx.step_arena().template allocate<T>(shape.size());
      scale_rows(ctx, masked, n.weight.value().data, n.reaches_x.data, shape[0], shape[1]);
      return masked;
    }
    bool wants_branch() const { return x.needs_grad() || weight.needs_grad() || bias.needs_grad(); }
    /// Gradients of residual and gate; returns that of the branch, or null where nothing wants it.
    static const T* pass_residual(Context<D>& ctx, Backward& n, std::int64_t rows, std::int64_t out) {
      const GradTarget<T> to_residual = n.onto.residual.claim_grad(ctx);
      const ColumnSlice<T, D>& gate = n.onto.gate;
      const T* grad_y = n.y.grad().data;
      if (!gate.matrix) {
        activate_backward(ctx, ActivateBackward<T>{.grad_y = grad_y,
                                                   .grad_residual = to_residual.data,
                                                   .write_residual = to_residual.write,
                                                   .rows = rows,
                                                   .cols = out});
        return grad_y;
      }
      const GradTarget<T> to_gate = claim_slices(ctx, std::array{gate})[0];
      T* grad_branch = n.wants_branch() ? ctx.step_arena().template allocate<T>(rows * out) : nullptr;
      gated_residual_backward(ctx, GatedResidualBackward<T>{.grad_y = grad_y,
                                                            .branch = n.branch,
                                                            .gate = gate.data(),
                                                            .grad_residual = to_residual.data,
                                                            .grad_branch = grad_branch,
                                                            .grad_gate = to_gate.data,
                                                            .write_residual = to_residual.write,
                                                            .write_gate = to_gate.write,
                                                            .rows = rows,
                                                            .width = out,
                                                            .rows_per_group = n.onto.rows_per_group,
                                                            .gate_stride = gate.stride()});
      return grad_branch;
    }
  };
  if (y.needs_grad()) ctx.tape().record(Backward{{}, x, weight, bias, y, pre, branch, options, onto, reaches_x});
  return y;
}

}  // namespace stx
