// Activations and sums, element by element.
#pragma once

#include "stx/autograd/check_finite.hpp"
#include "stx/autograd/var.hpp"
#include "stx/backend/activate.hpp"
#include "stx/ops/check_dropout.hpp"

namespace stx {

struct ActivateOptions {
  Activation activation = Activation::identity;
  Dropout dropout = {};  ///< after the activation; only while the tape records
};

/// An activation with dropout, added to a residual.
///
///   y = residual + dropout(activation(x))
///
/// @param x         any shape; where a linear layer or a norm made it, that op can apply the
///                  activation itself, which saves a pass
/// @param residual  shape of x, or an empty Var: 0
/// @return          shape of x
/// @throws ArgumentError when shapes do not match or the dropout probability is not in [0, 1).
/// Numerics: math/activations.hpp; nothing is kept for the backward pass. Deterministic: yes.
/// Capturable: yes. Source: GELU, Hendrycks and Gimpel 2016; SiLU, Ramachandran et al. 2017.
template <class T, class D>
Var<T, D> activate(Context<D>& ctx, Var<T, D> x, ActivateOptions options, Var<T, D> residual = {}) {
  require(!residual || residual.shape() == x.shape(), "activate", "x and residual must have one shape, got ", x.shape(),
          " and ", residual ? residual.shape() : Shape{});
  check_dropout("activate", options.dropout);
  if (!ctx.tape().recording()) options.dropout = {};
  const std::int64_t rows = x.shape().rows();
  const std::int64_t cols = x.shape().cols();
  check_finite<T, D>(ctx, "activate", {{"x", x}, {"residual", residual}});
  Var<T, D> y = make_output<T, D>(ctx, x.shape(), x.needs_grad() || residual.needs_grad());
  activate_forward(ctx, ActivateForward<T>{.x = x.value().data,
                                           .residual = residual ? residual.value().data : nullptr,
                                           .y = y.value().data,
                                           .rows = rows,
                                           .cols = cols,
                                           .activation = options.activation,
                                           .dropout = options.dropout});

  struct Backward : Tape<D>::Node {
    Var<T, D> x, residual, y;
    ActivateOptions options;
    static void run(Context<D>& ctx, Backward& n) {
      if (!n.y.has_grad()) return;
      // In the order in which the backward pass writes: x and residual may be one variable.
      const GradTarget<T> to_residual = n.residual.claim_grad(ctx);
      const GradTarget<T> to_x = n.x.claim_grad(ctx);
      activate_backward(ctx, ActivateBackward<T>{.grad_y = n.y.grad().data,
                                                 .x = n.x.value().data,
                                                 .grad_x = to_x.data,
                                                 .grad_residual = to_residual.data,
                                                 .write_x = to_x.write,
                                                 .write_residual = to_residual.write,
                                                 .rows = n.x.shape().rows(),
                                                 .cols = n.x.shape().cols(),
                                                 .activation = n.options.activation,
                                                 .dropout = n.options.dropout});
    }
  };
  if (y.needs_grad()) ctx.tape().record(Backward{{}, x, residual, y, options});
  return y;
}

/// a + b.
///
/// @param a  any shape
/// @param b  shape of a
/// @return   shape of a
/// @throws ArgumentError when shapes do not match.
/// Deterministic: yes. Capturable: yes. Source: none; a sum.
template <class T, class D>
Var<T, D> add(Context<D>& ctx, Var<T, D> a, Var<T, D> b) {
  require(a.shape() == b.shape(), "add", "a and b must have one shape, got ", a.shape(), " and ", b.shape());
  return activate(ctx, b, {}, a);
}

}  // namespace stx
