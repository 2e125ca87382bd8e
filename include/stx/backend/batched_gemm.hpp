// Many dense products of one shape: the contract of both backends.
#pragma once

#include "stx/autograd/grad_write.hpp"
#include "stx/core/context.hpp"

namespace stx {

/// One operand of a batch of products: where the first matrix is and where the others are.
template <class T>
struct MatrixBatch {
  T* data = nullptr;
  std::int64_t row = 0;     ///< values from one stored row to the next
  std::int64_t matrix = 0;  ///< values from one matrix to the next; 0: one matrix for all products
};

/// c_i (m x n) = op(a_i) (m x k) * op(b_i) (k x n), row-major, for i in [0, batch). A transposed
/// operand is stored k x m (a) or n x k (b). With `accumulate` the products are added to c. The
/// matrices of c must not overlap; their rows may interleave.
template <class T>
struct BatchedGemmArgs {
  MatrixBatch<const T> a, b;
  MatrixBatch<T> c;
  std::int64_t batch = 0, m = 0, n = 0, k = 0;
  bool transpose_a = false;
  bool transpose_b = false;
  GradWrite write = GradWrite::overwrite;
};

template <class T>
void batched_gemm(Context<Cpu>& ctx, const BatchedGemmArgs<T>& args);
template <class T>
void batched_gemm(Context<Cuda>& ctx, const BatchedGemmArgs<T>& args);

}  // namespace stx
