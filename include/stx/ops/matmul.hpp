// Matrix product of two variables.
#pragma once

#include "stx/autograd/check_finite.hpp"
#include "stx/autograd/var.hpp"
#include "stx/backend/gemm.hpp"

namespace stx {

/// a b.
///
/// @param a  (m, k)
/// @param b  (k, n)
/// @return   (m, n)
/// @throws ArgumentError when shapes do not match.
/// Deterministic: yes. Capturable: yes. Source: Golub and Van Loan 2013, section 1.1.
template <class T, class D>
Var<T, D> matmul(Context<D>& ctx, Var<T, D> a, Var<T, D> b) {
  require(a.shape().rank() == 2 && b.shape().rank() == 2 && a.shape()[1] == b.shape()[0], "matmul",
          "a (m, k) and b (k, n) must agree on k, got ", a.shape(), " and ", b.shape());
  const std::int64_t m = a.shape()[0];
  const std::int64_t k = a.shape()[1];
  const std::int64_t n = b.shape()[1];
  check_finite<T, D>(ctx, "matmul", {{"a", a}, {"b", b}});
  Var<T, D> c = make_output<T, D>(ctx, Shape{m, n}, a.needs_grad() || b.needs_grad());
  gemm(ctx, GemmArgs<T>{.a = a.value().data, .b = b.value().data, .c = c.value().data, .m = m, .n = n, .k = k});

  struct Backward : Tape<D>::Node {
    Var<T, D> a, b, c;
    static void run(Context<D>& ctx, Backward& node) {
      if (!node.c.has_grad()) return;
      const std::int64_t m = node.a.shape()[0];
      const std::int64_t k = node.a.shape()[1];
      const std::int64_t n = node.b.shape()[1];
      const T* grad_c = node.c.grad().data;
      const GradTarget<T> to_a = node.a.claim_grad(ctx);
      if (to_a.data != nullptr)
        gemm(ctx, GemmArgs<T>{.a = grad_c,
                              .b = node.b.value().data,
                              .c = to_a.data,
                              .m = m,
                              .n = k,
                              .k = n,
                              .transpose_b = true,
                              .write = to_a.write});
      const GradTarget<T> to_b = node.b.claim_grad(ctx);
      if (to_b.data != nullptr)
        gemm(ctx, GemmArgs<T>{.a = node.a.value().data,
                              .b = grad_c,
                              .c = to_b.data,
                              .m = k,
                              .n = n,
                              .k = m,
                              .transpose_a = true,
                              .write = to_b.write});
    }
  };
  if (c.needs_grad()) ctx.tape().record(Backward{{}, a, b, c});
  return c;
}

}  // namespace stx
