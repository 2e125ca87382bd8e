// Gated linear unit over the two halves of a packed product.
#pragma once

#include "stx/autograd/check_finite.hpp"
#include "stx/autograd/var.hpp"
#include "stx/backend/gated_activation.hpp"

namespace stx {

/// y_ij = activation(x_ij) x_i,(width + j): one GEMM makes gate and value side by side.
///
/// @param x           (rows, 2 width): gates, then values
/// @param activation  of the gate; gelu_tanh gives GEGLU of T5 v1.1, silu SwiGLU
/// @return            (rows, width)
/// @throws ArgumentError when x is not a matrix with an even number of columns.
/// Gradient: to both halves. Deterministic: yes. Capturable: yes.
/// Source: Shazeer 2020, "GLU variants improve transformer", eq. 5.
template <class T, class D>
Var<T, D> gated_activation(Context<D>& ctx, Var<T, D> x, Activation activation) {
  require(x.shape().rank() == 2 && x.shape()[1] % 2 == 0, "gated_activation",
          "x must be a matrix with an even number of columns, got ", x.shape());
  check_finite<T, D>(ctx, "gated_activation", {{"x", x}});
  const std::int64_t rows = x.shape()[0], width = x.shape()[1] / 2;
  Var<T, D> y = make_output<T, D>(ctx, Shape{rows, width}, x.needs_grad());
  gated_activation_forward(ctx, GatedActivationForward<T>{x.value().data, y.value().data, rows, width, activation});

  struct Backward : Tape<D>::Node {
    Var<T, D> x, y;
    Activation activation;
    static void run(Context<D>& ctx, Backward& n) {
      if (!n.y.has_grad()) return;
      const GradTarget<T> to_x = n.x.claim_grad(ctx);
      if (to_x.data == nullptr) return;
      gated_activation_backward(
          ctx, GatedActivationBackward<T>{n.y.grad().data, n.x.value().data, to_x.data, to_x.write, n.y.shape()[0],
                                          n.y.shape()[1], n.activation});
    }
  };
  if (y.needs_grad()) ctx.tape().record(Backward{{}, x, y, activation});
  return y;
}

}  // namespace stx
