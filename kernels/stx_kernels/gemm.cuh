// Dense matrix product through cuBLASLt; no kernel of our own.
#pragma once

#include <algorithm>
#include <bit>
#include <type_traits>

#include "stx/backend/cuda/context.hpp"
#include "stx/backend/gemm.hpp"

namespace stx {
namespace cuda {

/// Alignment in bytes that cuBLASLt may count on.
inline std::uint32_t alignment_of(const void* pointer) {
  const auto address = reinterpret_cast<std::uintptr_t>(pointer);
  return static_cast<std::uint32_t>(std::min<std::uintptr_t>(256, std::uintptr_t{1} << std::countr_zero(address)));
}

/// The product of an empty sum.
template <class T>
void zero_rows(Context<Cuda>& ctx, T* c, std::int64_t m, std::int64_t n, std::int64_t ldc) {
  const auto row_bytes = static_cast<std::size_t>(n) * sizeof(T);
  if (ldc == n) {
    check(cudaMemsetAsync(c, 0, static_cast<std::size_t>(m) * row_bytes, ctx.stream()), "cudaMemsetAsync");
  } else {
    for (std::int64_t i = 0; i < m; ++i)
      check(cudaMemsetAsync(c + i * ldc, 0, row_bytes, ctx.stream()), "cudaMemsetAsync");
  }
}

/// Runs the column-major product that `key` describes.
inline void matmul(Context<Cuda>& ctx, const GemmKey& key, const float* a, const float* b, float* c, GradWrite write) {
  const GemmPlan& plan = ctx.gemm_plans().find(ctx.blas(), key);
  const float alpha = 1.0f;
  const float beta = write == GradWrite::accumulate ? 1.0f : 0.0f;
  check(
      cublasLtMatmul(ctx.blas(), plan.operation.get(), &alpha, a, plan.a.get(), b, plan.b.get(), &beta, c, plan.c.get(),
                     c, plan.c.get(), &plan.algorithm, ctx.workspace(), ctx.workspace_bytes(), ctx.stream()),
      "cublasLtMatmul");
}

}  // namespace cuda

template <class T>
void gemm(Context<Cuda>& ctx, const GemmArgs<T>& p) {
  static_assert(std::is_same_v<T, float>, "the CUDA backend computes in float");
  const std::int64_t lda = p.lda ? p.lda : (p.transpose_a ? p.m : p.k);
  const std::int64_t ldb = p.ldb ? p.ldb : (p.transpose_b ? p.k : p.n);
  const std::int64_t ldc = p.ldc ? p.ldc : p.n;
  if (p.m == 0 || p.n == 0) return;
  if (p.k == 0) {
    if (p.write == GradWrite::overwrite) cuda::zero_rows(ctx, p.c, p.m, p.n, ldc);
    return;
  }
  // A row-major matrix is the column-major form of its transpose: c^T = op(b)^T op(a)^T.
  const cuda::GemmKey key{p.n,
                          p.m,
                          p.k,
                          ldb,
                          lda,
                          ldc,
                          p.transpose_b,
                          p.transpose_a,
                          cuda::alignment_of(p.b),
                          cuda::alignment_of(p.a),
                          cuda::alignment_of(p.c)};
  cuda::matmul(ctx, key, p.b, p.a, p.c, p.write);
}

}  // namespace stx
