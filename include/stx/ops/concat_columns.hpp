// Two matrices side by side.
#pragma once

#include "stx/autograd/check_finite.hpp"
#include "stx/autograd/var.hpp"
#include "stx/backend/concat_columns.hpp"

namespace stx {

/// y = [a, b]: the columns of a, then those of b.
///
/// @param a  (rows, n)
/// @param b  (rows, m)
/// @return   (rows, n + m)
/// @throws ArgumentError when a and b are not matrices with equal rows.
/// Gradient: to both; a and b may be one variable. Deterministic: yes. Capturable: yes.
/// Source: none; a copy.
template <class T, class D>
Var<T, D> concat_columns(Context<D>& ctx, Var<T, D> a, Var<T, D> b) {
  require(a.shape().rank() == 2 && b.shape().rank() == 2 && a.shape()[0] == b.shape()[0], "concat_columns",
          "a and b must be matrices with equal rows, got ", a.shape(), " and ", b.shape());
  check_finite<T, D>(ctx, "concat_columns", {{"a", a}, {"b", b}});
  const std::int64_t rows = a.shape()[0], n = a.shape()[1], m = b.shape()[1];
  Var<T, D> y = make_output<T, D>(ctx, Shape{rows, n + m}, a.needs_grad() || b.needs_grad());
  concat_columns(ctx, CopyColumns<T>{a.value().data, y.value().data, rows, n, n, n + m},
                 CopyColumns<T>{b.value().data, y.value().data + n, rows, m, m, n + m});

  struct Backward : Tape<D>::Node {
    Var<T, D> a, b, y;
    static void run(Context<D>& ctx, Backward& node) {
      if (!node.y.has_grad()) return;
      const GradTarget<T> to_a = node.a.claim_grad(ctx);
      const GradTarget<T> to_b = node.b.claim_grad(ctx);
      const std::int64_t rows = node.a.shape()[0], n = node.a.shape()[1], m = node.b.shape()[1];
      const T* grad = node.y.grad().data;
      concat_columns(ctx, CopyColumns<T>{grad, to_a.data, rows, n, n + m, n, to_a.write},
                     CopyColumns<T>{grad + n, to_b.data, rows, m, n + m, m, to_b.write});
    }
  };
  if (y.needs_grad()) ctx.tape().record(Backward{{}, a, b, y});
  return y;
}

}  // namespace stx
