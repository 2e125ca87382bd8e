// Batches of products of one shape through cuBLASLt's strided batches; no kernel of our own.
#pragma once

#include "stx/backend/batched_gemm.hpp"
#include "stx_kernels/gemm.cuh"

namespace stx {

template <class T>
void batched_gemm(Context<Cuda>& ctx, const BatchedGemmArgs<T>& p) {
  static_assert(std::is_same_v<T, float>, "the CUDA backend computes in float");
  if (p.batch == 0 || p.m == 0 || p.n == 0) return;
  if (p.k == 0) {
    for (std::int64_t i = 0; i < p.batch && p.write == GradWrite::overwrite; ++i)
      cuda::zero_rows(ctx, p.c.data + i * p.c.matrix, p.m, p.n, p.c.row);
    return;
  }
  // Every matrix of a batch is at least as aligned as the first one and the distance are both.
  const auto alignment = [](const auto& matrices) {
    if (matrices.matrix == 0) return cuda::alignment_of(matrices.data);
    const auto bytes = static_cast<std::uintptr_t>(matrices.matrix) * sizeof(T);
    return std::min(cuda::alignment_of(matrices.data), cuda::alignment_of(reinterpret_cast<const void*>(bytes)));
  };
  // A row-major matrix is the column-major form of its transpose: c^T = op(b)^T op(a)^T.
  const cuda::GemmKey key{.m = p.n,
                          .n = p.m,
                          .k = p.k,
                          .lda = p.b.row,
                          .ldb = p.a.row,
                          .ldc = p.c.row,
                          .transpose_a = p.transpose_b,
                          .transpose_b = p.transpose_a,
                          .align_a = alignment(p.b),
                          .align_b = alignment(p.a),
                          .align_c = alignment(p.c),
                          .batch = static_cast<std::int32_t>(p.batch),
                          .stride_a = p.b.matrix,
                          .stride_b = p.a.matrix,
                          .stride_c = p.c.matrix};
  cuda::matmul(ctx, key, p.b.data, p.a.data, p.c.data, p.write);
}

}  // namespace stx
