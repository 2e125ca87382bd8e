// Attention to shared keys and values without projecting the queries: the projections of the
// queries and of the result are multiplied into the few keys and values instead.
//
//   scores_h = (x Wq_h^T + bq_h) k_h^T = x (k_h Wq_h)^T + (k_h bq_h)^T
//   out      = sum_h A_h v_h Wo_h^T    = [A_1 .. A_H] [v_h Wo_h^T]_h
//
// so that a row costs 4 width n_heads n_keys multiplications and additions, instead of
// 4 width (width + n_keys).
#pragma once

#include "stx/autograd/check_finite.hpp"
#include "stx/autograd/var.hpp"
#include "stx/backend/gemm.hpp"

namespace stx {

namespace detail {

/// Arguments of c (m x n) (+)= op(a) op(b) with stored row lengths.
template <class T>
GemmArgs<T> strided_product(const T* a, std::int64_t lda, bool transpose_a, const T* b, std::int64_t ldb,
                            bool transpose_b, T* c, std::int64_t ldc, std::int64_t m, std::int64_t n, std::int64_t k,
                            GradWrite write = GradWrite::overwrite) {
  return {.a = a,
          .b = b,
          .c = c,
          .m = m,
          .n = n,
          .k = k,
          .transpose_a = transpose_a,
          .transpose_b = transpose_b,
          .write = write,
          .lda = lda,
          .ldb = ldb,
          .ldc = ldc};
}

inline void check_fold(const char* where, const Shape& x, std::int64_t width, std::int64_t n_heads) {
  require(x.rank() == 2 && x[1] == width, where, "x must be (n, ", width, ") as the weight says, got ", x);
  require(n_heads >= 1 && width >= 1 && width % n_heads == 0, where, "n_heads = ", n_heads,
          " must divide width = ", width, ", both at least 1");
}

}  // namespace detail

/// Keys that take unprojected queries: row h * n + i of the result is k_h[i] Wq_h.
///
/// @param keys    (n, width), head h in columns [h, h + 1) * width / n_heads
/// @param weight  (width, columns) of the queries' projection, or (width): its bias
/// @return        (n_heads * n, columns), or (n_heads * n) from a bias
/// @throws ArgumentError when the shapes do not match or n_heads does not divide width.
/// Deterministic: yes. Capturable: yes. Source: Vaswani et al. 2017, section 3.2.2, in another order of products, as
/// DeepSeek-AI 2024 (DeepSeek-V2), section 2.1.2.
template <class T, class D>
Var<T, D> fold_into_keys(Context<D>& ctx, Var<T, D> keys, Var<T, D> weight, std::int64_t n_heads) {
  require(weight.shape().rank() == 1 || weight.shape().rank() == 2, "fold_into_keys",
          "weight must be (width, columns) or (width), got ", weight.shape());
  const std::int64_t width = weight.shape()[0];
  detail::check_fold("fold_into_keys", keys.shape(), width, n_heads);
  const std::int64_t columns = weight.shape().rank() == 2 ? weight.shape()[1] : 1;
  const std::int64_t n = keys.shape()[0];
  const Shape shape = weight.shape().rank() == 2 ? Shape{n_heads * n, columns} : Shape{n_heads * n};
  check_finite<T, D>(ctx, "fold_into_keys", {{"keys", keys}, {"weight", weight}});
  Var<T, D> out = make_output<T, D>(ctx, shape, keys.needs_grad() || weight.needs_grad());

  struct Backward : Tape<D>::Node {
    Var<T, D> x, weight, out;
    std::int64_t n_heads, columns;
    static void run(Context<D>& ctx, Backward& node) {
      if (!node.out.has_grad()) return;
      const std::int64_t n = node.x.shape()[0], width = node.x.shape()[1], columns = node.columns;
      const std::int64_t head_dim = width / node.n_heads;
      const GradTarget<T> to_keys = node.x.claim_grad(ctx);
      const GradTarget<T> to_weight = node.weight.claim_grad(ctx);
      for (std::int64_t h = 0; h < node.n_heads; ++h) {
        const T* grad = node.out.grad().data + h * n * columns;
        const T* keys = node.x.value().data + h * head_dim;
        const T* weight = node.weight.value().data + h * head_dim * columns;
        if (to_keys.data != nullptr)
          gemm(ctx, detail::strided_product(grad, columns, false, weight, columns, true, to_keys.data + h * head_dim,
                                            width, n, head_dim, columns, to_keys.write));
        if (to_weight.data != nullptr)
          gemm(ctx,
               detail::strided_product(keys, width, true, grad, columns, false, to_weight.data + h * head_dim * columns,
                                       columns, head_dim, columns, n, to_weight.write));
      }
    }
  };
  const std::int64_t head_dim = width / n_heads;
  for (std::int64_t h = 0; h < n_heads; ++h)
    gemm(ctx, detail::strided_product(keys.value().data + h * head_dim, width, false,
                                      weight.value().data + h * head_dim * columns, columns, false,
                                      out.value().data + h * n * columns, columns, n, columns, head_dim));
  if (out.needs_grad()) ctx.tape().record(Backward{{}, keys, weight, out, n_heads, columns});
  return out;
}

/// Values that give projected results, transposed: column h * n + i of the result is Wo_h v_h[i].
///
/// @param values  (n, width), head h in columns [h, h + 1) * width / n_heads
/// @param weight  (columns, width) of the projection of the result
/// @return        (columns, n_heads * n): the weight of a linear layer from attention weights to results
/// @throws ArgumentError when the shapes do not match or n_heads does not divide width.
/// Deterministic: yes. Capturable: yes. Source: Vaswani et al. 2017, section 3.2.2, in another order of products, as
/// DeepSeek-AI 2024 (DeepSeek-V2), section 2.1.2.
template <class T, class D>
Var<T, D> fold_into_values(Context<D>& ctx, Var<T, D> values, Var<T, D> weight, std::int64_t n_heads) {
  require(weight.shape().rank() == 2, "fold_into_values", "weight must be (columns, width), got ", weight.shape());
  const std::int64_t width = weight.shape()[1];
  detail::check_fold("fold_into_values", values.shape(), width, n_heads);
  const std::int64_t columns = weight.shape()[0];
  const std::int64_t n = values.shape()[0];
  check_finite<T, D>(ctx, "fold_into_values", {{"values", values}, {"weight", weight}});
  Var<T, D> out = make_output<T, D>(ctx, Shape{columns, n_heads * n}, values.needs_grad() || weight.needs_grad());

  struct Backward : Tape<D>::Node {
    Var<T, D> x, weight, out;
    std::int64_t n_heads, columns;
    static void run(Context<D>& ctx, Backward& node) {
      if (!node.out.has_grad()) return;
      const std::int64_t n = node.x.shape()[0], width = node.x.shape()[1], columns = node.columns;
      const std::int64_t head_dim = width / node.n_heads, folded = node.n_heads * n;
      const GradTarget<T> to_values = node.x.claim_grad(ctx);
      const GradTarget<T> to_weight = node.weight.claim_grad(ctx);
      for (std::int64_t h = 0; h < node.n_heads; ++h) {
        const T* grad = node.out.grad().data + h * n;
        if (to_values.data != nullptr)
          gemm(ctx,
               detail::strided_product(grad, folded, true, node.weight.value().data + h * head_dim, width, false,
                                       to_values.data + h * head_dim, width, n, head_dim, columns, to_values.write));
        if (to_weight.data != nullptr)
          gemm(ctx,
               detail::strided_product(grad, folded, false, node.x.value().data + h * head_dim, width, false,
                                       to_weight.data + h * head_dim, width, columns, head_dim, n, to_weight.write));
      }
    }
  };
  const std::int64_t head_dim = width / n_heads;
  for (std::int64_t h = 0; h < n_heads; ++h)
    gemm(ctx,
         detail::strided_product(weight.value().data + h * head_dim, width, false, values.value().data + h * head_dim,
                                 width, true, out.value().data + h * n, n_heads * n, columns, n, head_dim));
  if (out.needs_grad()) ctx.tape().record(Backward{{}, values, weight, out, n_heads, columns});
  return out;
}

}  // namespace stx
