// Products of many pairs of matrices.
#pragma once

#include "stx/autograd/check_finite.hpp"
#include "stx/autograd/var.hpp"
#include "stx/backend/batched_gemm.hpp"

namespace stx {

struct BatchedMatmulOptions {
  bool transpose_a = false;
  bool transpose_b = false;
  /// The batch is the second dimension of a and of the result: each row of a holds one row for every
  /// product, as when every token of a sample has weights of its own.
  bool batch_second = false;
};

namespace detail {

/// The matrices of a tensor of rank 3 whose batch is the first or the second dimension.
template <class T>
MatrixBatch<T> matrices(T* data, const Shape& shape, bool batch_second) {
  if (batch_second) return {data, shape[1] * shape[2], shape[2]};
  return {data, shape[2], shape[1] * shape[2]};
}

}  // namespace detail

/// c_i = op(a_i) op(b_i) for every i of the batch, op being the transpose where asked for.
///
/// @param a  (batch, m, k), transposed (batch, k, m); with batch_second (m, batch, k) or (k, batch, m)
/// @param b  (batch, k, n), transposed (batch, n, k)
/// @return   (batch, m, n), with batch_second (m, batch, n)
/// @throws ArgumentError when shapes do not match.
/// Numerics: GEMM in T. Deterministic: yes. Capturable: yes. Source: Golub and Van Loan 2013, section 1.1.
template <class T, class D>
Var<T, D> batched_matmul(Context<D>& ctx, Var<T, D> a, Var<T, D> b, BatchedMatmulOptions options = {}) {
  const bool second = options.batch_second;
  const Shape& sa = a.shape();
  const Shape& sb = b.shape();
  const int first = second ? 0 : 1;  // where a has its rows
  require(sa.rank() == 3 && sb.rank() == 3 && sa[1 - first] == sb[0] &&
              sa[options.transpose_a ? first : 2] == sb[options.transpose_b ? 2 : 1],
          "batched_matmul", "op(a) (batch, m, k) and op(b) (batch, k, n) must agree on batch and k, got ", sa,
          options.transpose_a ? " transposed" : "", second ? " with the batch second" : "", " and ", sb,
          options.transpose_b ? " transposed" : "");
  const std::int64_t batch = sb[0];
  const std::int64_t m = sa[options.transpose_a ? 2 : first];
  const std::int64_t k = sb[options.transpose_b ? 2 : 1];
  const std::int64_t n = sb[options.transpose_b ? 1 : 2];
  const Shape shape = second ? Shape{m, batch, n} : Shape{batch, m, n};
  check_finite<T, D>(ctx, "batched_matmul", {{"a", a}, {"b", b}});
  Var<T, D> c = make_output<T, D>(ctx, shape, a.needs_grad() || b.needs_grad());
  batched_gemm(ctx, BatchedGemmArgs<T>{.a = detail::matrices<const T>(a.value().data, sa, second),
                                       .b = detail::matrices<const T>(b.value().data, sb, false),
                                       .c = detail::matrices(c.value().data, shape, second),
                                       .batch = batch,
                                       .m = m,
                                       .n = n,
                                       .k = k,
                                       .transpose_a = options.transpose_a,
                                       .transpose_b = options.transpose_b});

  struct Backward : Tape<D>::Node {
    Var<T, D> a, b, c;
    BatchedMatmulOptions options;
    std::int64_t m, n, k;
    static void run(Context<D>& ctx, Backward& node) {
      if (!node.c.has_grad()) return;
      const bool ta = node.options.transpose_a, tb = node.options.transpose_b;
      const bool second = node.options.batch_second;
      const std::int64_t batch = node.b.shape()[0], m = node.m, n = node.n, k = node.k;
      const auto a = detail::matrices<const T>(node.a.value().data, node.a.shape(), second);
      const auto b = detail::matrices<const T>(node.b.value().data, node.b.shape(), false);
      const auto grad = detail::matrices<const T>(node.c.grad().data, node.c.shape(), second);
      const GradTarget<T> to_a = node.a.claim_grad(ctx);
      if (to_a.data != nullptr) {
        const auto target = detail::matrices(to_a.data, node.a.shape(), second);
        // op(a)' gradient is grad op(b)^T; stored transposed it is op(b) grad^T.
        batched_gemm(ctx, ta ? BatchedGemmArgs<T>{b, grad, target, batch, k, m, n, tb, true, to_a.write}
                             : BatchedGemmArgs<T>{grad, b, target, batch, m, k, n, false, !tb, to_a.write});
      }
      const GradTarget<T> to_b = node.b.claim_grad(ctx);
      if (to_b.data != nullptr) {
        const auto target = detail::matrices(to_b.data, node.b.shape(), false);
        batched_gemm(ctx, tb ? BatchedGemmArgs<T>{grad, a, target, batch, n, k, m, true, ta, to_b.write}
                             : BatchedGemmArgs<T>{a, grad, target, batch, k, n, m, !ta, false, to_b.write});
      }
    }
  };
  if (c.needs_grad()) ctx.tape().record(Backward{{}, a, b, c, options, m, n, k});
  return c;
}

}  // namespace stx
