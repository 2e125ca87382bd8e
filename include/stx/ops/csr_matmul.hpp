// Product of a sparse and a dense matrix.
#pragma once

#include "stx/autograd/check_finite.hpp"
#include "stx/autograd/var.hpp"
#include "stx/backend/csr_matmul.hpp"
#include "stx/core/transfer.hpp"
#include "stx/data/csr_transpose.hpp"

namespace stx {

/// Where the entries of a sparse matrix (rows x cols) are, by rows and by columns; a handle, like Tensor.
template <class D>
struct CsrPattern {
  Tensor<std::int64_t, D> indptr;              ///< rows + 1
  Tensor<std::int32_t, D> indices;             ///< nnz: column
  Tensor<std::int64_t, D> transposed_indptr;   ///< cols + 1
  Tensor<std::int32_t, D> transposed_indices;  ///< nnz: row, column by column
  Tensor<std::int32_t, D> order;               ///< nnz: number of that entry by rows
  std::int64_t rows = 0, cols = 0;
};

/// New persistent pattern of a host matrix.
/// @throws DataError when `m` is not well formed: offsets that do not ascend, columns out of range,
///         unsorted or repeated.
template <class V, class D>
CsrPattern<D> csr_pattern(Context<D>& ctx, const CsrMatrix<V>& m) {
  validate(m, "csr_pattern");
  const CsrTranspose<V> t = transpose(m);
  return {to_device(ctx, m.indptr, Shape{m.rows + 1}),
          to_device(ctx, m.indices, Shape{m.nnz()}),
          to_device(ctx, t.matrix.indptr, Shape{m.cols + 1}),
          to_device(ctx, t.matrix.indices, Shape{m.nnz()}),
          to_device(ctx, t.order, Shape{m.nnz()}),
          m.rows,
          m.cols};
}

/// A x for a sparse matrix A.
///
///   y_i = sum over the entries (i, c) of A_ic x_c;  dL/dx = A^T dL/dy;  dL/dA_ic = dL/dy_i . x_c
///
/// @param a       pattern of A (rows x cols)
/// @param values  (nnz), the entries of A row by row; with gradient, or constant(ctx, ...)
/// @param x       (cols, width)
/// @return        (rows, width)
/// @throws ArgumentError when shapes do not match.
/// Numerics: a row's entries are summed in a fixed order. Nothing of size nnz * width is stored.
/// Deterministic: yes, without atomics: the gradient of x runs over the columns of A. Capturable: yes.
/// Source: Saad 2003, "Iterative methods for sparse linear systems", section 3.5.
template <class T, class D>
Var<T, D> csr_matmul(Context<D>& ctx, const CsrPattern<D>& a, Var<T, D> values, Var<T, D> x) {
  require(values.shape() == a.indices.shape, "csr_matmul", "values must have shape ", a.indices.shape,
          ", one for each entry of the pattern, got ", values.shape());
  require(x.shape().rank() == 2 && x.shape()[0] == a.cols, "csr_matmul", "x must be (", a.cols,
          ", width), a row for each column of the sparse matrix, got ", x.shape());
  const std::int64_t width = x.shape()[1];
  check_finite<T, D>(ctx, "csr_matmul", {{"values", values}, {"x", x}});
  Var<T, D> y = make_output<T, D>(ctx, Shape{a.rows, width}, values.needs_grad() || x.needs_grad());
  csr_matmul(ctx, CsrMatmul<T>{.indptr = a.indptr.data,
                               .indices = a.indices.data,
                               .values = values.value().data,
                               .x = x.value().data,
                               .y = y.value().data,
                               .rows = a.rows,
                               .width = width});

  struct Backward : Tape<D>::Node {
    CsrPattern<D> a;
    Var<T, D> values, x, y;
    static void run(Context<D>& ctx, Backward& n) {
      if (!n.y.has_grad()) return;
      const std::int64_t width = n.x.shape()[1];
      const GradTarget<T> to_values = n.values.claim_grad(ctx);
      if (to_values.data != nullptr)
        csr_matmul_values(ctx, CsrMatmulValues<T>{.indptr = n.a.indptr.data,
                                                  .indices = n.a.indices.data,
                                                  .grad_y = n.y.grad().data,
                                                  .x = n.x.value().data,
                                                  .grad_values = to_values.data,
                                                  .rows = n.a.rows,
                                                  .width = width,
                                                  .write = to_values.write});
      const GradTarget<T> to_x = n.x.claim_grad(ctx);
      if (to_x.data != nullptr)
        csr_matmul(ctx, CsrMatmul<T>{.indptr = n.a.transposed_indptr.data,
                                     .indices = n.a.transposed_indices.data,
                                     .order = n.a.order.data,
                                     .values = n.values.value().data,
                                     .x = n.y.grad().data,
                                     .y = to_x.data,
                                     .rows = n.a.cols,
                                     .width = width,
                                     .write = to_x.write});
    }
  };
  if (y.needs_grad()) ctx.tape().record(Backward{{}, a, values, x, y});
  return y;
}

}  // namespace stx
