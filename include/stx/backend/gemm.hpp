// Dense matrix product: the contract of both backends.
#pragma once

#include "stx/autograd/grad_write.hpp"
#include "stx/core/context.hpp"

namespace stx {

/// c (m x n) = op(a) (m x k) * op(b) (k x n), row-major. A transposed operand is stored k x m (a) or
/// n x k (b). With `accumulate` the product is added to c.
template <class T>
struct GemmArgs {
  const T* a = nullptr;
  const T* b = nullptr;
  T* c = nullptr;
  std::int64_t m = 0, n = 0, k = 0;
  bool transpose_a = false;
  bool transpose_b = false;
  GradWrite write = GradWrite::overwrite;
  std::int64_t lda = 0, ldb = 0, ldc = 0;  ///< stored row lengths; 0 = contiguous
};

template <class T>
void gemm(Context<Cpu>& ctx, const GemmArgs<T>& args);
template <class T>
void gemm(Context<Cuda>& ctx, const GemmArgs<T>& args);

}  // namespace stx
