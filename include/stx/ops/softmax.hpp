// y = dropout(softmax(scale x)).
#pragma once

#include <cmath>

#include "stx/autograd/check_finite.hpp"
#include "stx/autograd/var.hpp"
#include "stx/backend/softmax.hpp"
#include "stx/ops/check_dropout.hpp"

namespace stx {

struct SoftmaxOptions {
  double scale = 1;      ///< factor of x, positive: the inverse of a temperature
  std::int64_t n = 0;    ///< values normalised together; 0: a whole row. Must divide the columns of x
  Dropout dropout = {};  ///< of the result, only while the tape records
};

/// Softmax of each run of `n` neighbouring columns, with inverted dropout of the result.
///
///   p_j = exp(scale x_j) / sum_k exp(scale x_k),  y = dropout(p)
///
/// @param x  (rows, columns)
/// @return   (rows, columns); a run of minus infinities gives zeros
/// @throws ArgumentError when x is not a matrix, n does not divide its columns, the scale is not a
/// positive number, or the dropout probability is not in [0, 1).
/// Numerics: the largest value is subtracted. The k-th run of row i draws its dropout as row
/// i * (columns / n) + k. Deterministic: yes. Capturable: yes. Source: attention weights, Vaswani et al. 2017, eq. 1.
template <class T, class D>
Var<T, D> softmax(Context<D>& ctx, Var<T, D> x, SoftmaxOptions options = {}) {
  require(x.shape().rank() == 2, "softmax", "x must be (rows, columns), got ", x.shape());
  const std::int64_t columns = x.shape()[1];
  const std::int64_t n = options.n == 0 ? columns : options.n;
  require(n >= 0 && (columns == 0 || (n >= 1 && columns % n == 0)), "softmax", "n = ", n, " must divide the ", columns,
          " columns of x");
  require(options.scale > 0 && std::isfinite(options.scale), "softmax", "scale must be positive, got ", options.scale);
  check_dropout("softmax", options.dropout);
  if (!ctx.tape().recording()) options.dropout = {};
  const std::int64_t rows = n == 0 ? 0 : x.shape().size() / n;
  check_finite<T, D>(ctx, "softmax", {{"x", x, true}});
  Var<T, D> y = make_output<T, D>(ctx, x.shape(), x.needs_grad());
  T* kept = y.needs_grad() && options.dropout.active() ? ctx.step_arena().template allocate<T>(rows * n) : nullptr;
  softmax_forward(ctx, SoftmaxForward<T>{.x = x.value().data,
                                         .p = kept,
                                         .y = y.value().data,
                                         .rows = rows,
                                         .n = n,
                                         .scale = static_cast<T>(options.scale),
                                         .dropout = options.dropout});

  struct Backward : Tape<D>::Node {
    Var<T, D> x, y;
    const T* p;
    std::int64_t rows, n;
    SoftmaxOptions options;
    static void run(Context<D>& ctx, Backward& node) {
      if (!node.y.has_grad()) return;
      const GradTarget<T> to_x = node.x.claim_grad(ctx);
      if (to_x.data == nullptr) return;
      softmax_backward(ctx, SoftmaxBackward<T>{.grad_y = node.y.grad().data,
                                               .p = node.p,
                                               .grad_x = to_x.data,
                                               .write_x = to_x.write,
                                               .rows = node.rows,
                                               .n = node.n,
                                               .scale = static_cast<T>(node.options.scale),
                                               .dropout = node.options.dropout});
    }
  };
  if (y.needs_grad()) ctx.tape().record(Backward{{}, x, y, kept != nullptr ? kept : y.value().data, rows, n, options});
  return y;
}

}  // namespace stx
