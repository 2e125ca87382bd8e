// y = dropout(activation(x W^T + b)).
#pragma once

#include "stx/autograd/check_finite.hpp"
#include "stx/autograd/var.hpp"
#include "stx/backend/linear.hpp"
#include "stx/ops/check_dropout.hpp"

namespace stx {

struct LinearOptions {
  Activation activation = Activation::identity;
  Dropout dropout = {};  ///< applied only while the tape records (training)
};

/// Fully connected layer with fused bias, activation and inverted dropout.
///
///   z = x W^T + b,  y_ij = m_ij activation(z_ij),  m_ij in {0, 1 / (share kept)}
///
/// @param x       (rows, in)
/// @param weight  (out, in)
/// @param bias    (out), or an empty Var
/// @return        (rows, out)
/// @throws ArgumentError when shapes do not match or the dropout probability is not in [0, 1).
/// Numerics: GEMM in T; the activations of math/activations.hpp. Deterministic: yes. Capturable: yes.
template <class T, class D>
Var<T, D> linear(Context<D>& ctx, Var<T, D> x, Var<T, D> weight, Var<T, D> bias,
                 LinearOptions options = {}) {
  require(x.shape().rank() == 2 && weight.shape().rank() == 2 && x.shape()[1] == weight.shape()[1], "linear",
          "x (rows, in) and weight (out, in) must agree on in, got ", x.shape(), " and ", weight.shape());
  require(!bias || bias.shape() == Shape{weight.shape()[0]}, "linear", "bias must have shape (",
          weight.shape()[0], "), got ", bias ? bias.shape() : Shape{});
  check_dropout("linear", options.dropout);
  const std::int64_t rows = x.shape()[0];
  const std::int64_t out = weight.shape()[0];
  const bool needs_grad = x.needs_grad() || weight.needs_grad() || bias.needs_grad();
  check_finite<T, D>(ctx, "linear", {{"x", x}, {"weight", weight}, {"bias", bias}});
  Var<T, D> y = make_output<T, D>(ctx, Shape{rows, out}, needs_grad);
  if (!ctx.tape().recording()) options.dropout = {};
  const bool keeps_pre = y.needs_grad() && options.activation != Activation::identity;
  T* pre = keeps_pre ? ctx.step_arena().template allocate<T>(rows * out) : nullptr;
  linear_forward(ctx, LinearForward<T>{.x = x.value().data, .weight = weight.value().data,
                                       .bias = bias ? bias.value().data : nullptr, .pre_activation = pre,
                                       .y = y.value().data, .rows = rows, .in = x.shape()[1], .out = out,
                                       .activation = options.activation, .dropout = options.dropout});

  struct Backward : Tape<D>::Node {
    Var<T, D> x, weight, bias, y;
    T* pre;
    LinearOptions options;
    static void run(Context<D>& ctx, Backward& n) {
      if (!n.y.has_grad()) return;
      const std::int64_t rows = n.x.shape()[0];
      const std::int64_t out = n.weight.shape()[0];
      const bool scratch = n.options.activation != Activation::identity || n.options.dropout.active();
      // In the order in which linear_backward writes: x and weight may be one variable.
      const GradTarget<T> to_bias = n.bias.claim_grad(ctx);
      const GradTarget<T> to_weight = n.weight.claim_grad(ctx);
      const GradTarget<T> to_x = n.x.claim_grad(ctx);
      linear_backward(ctx, LinearBackward<T>{
          .grad_y = n.y.grad().data, .x = n.x.value().data, .weight = n.weight.value().data,
          .pre_activation = n.pre,
          .grad_pre = scratch ? ctx.step_arena().template allocate<T>(rows * out) : nullptr,
          .grad_x = to_x.data, .grad_weight = to_weight.data, .grad_bias = to_bias.data,
          .write_x = to_x.write, .write_weight = to_weight.write, .write_bias = to_bias.write,
          .rows = rows, .in = n.x.shape()[1], .out = out, .activation = n.options.activation,
          .dropout = n.options.dropout});
    }
  };
  if (y.needs_grad()) ctx.tape().record(Backward{{}, x, weight, bias, y, pre, options});
  return y;
}

}  // namespace stx
