// GEMM on the CPU: Eigen's kernels on panels of fixed size. The only file of the backend that sees
// Eigen. Panels depend on the shape alone, so the result does not depend on the thread count.
#pragma once

#include <Eigen/Core>
#include <algorithm>

#include "stx/backend/gemm.hpp"

#ifndef EIGEN_DONT_PARALLELIZE
#error "stx needs EIGEN_DONT_PARALLELIZE (set by the CMake target stx::stx): Eigen's own threads would make results depend on their number"
#endif

namespace stx {
namespace cpu {

template <class T>
using RowMajor = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class T>
using MatrixMap = Eigen::Map<RowMajor<T>, 0, Eigen::OuterStride<>>;
template <class T>
using ConstMatrixMap = Eigen::Map<const RowMajor<T>, 0, Eigen::OuterStride<>>;

/// c (m x n) (+)= op(a) op(b) on the calling thread; `ld*` are the stored row lengths.
template <class T>
void gemm_serial(const T* a, std::int64_t lda, bool transpose_a, const T* b, std::int64_t ldb,
                 bool transpose_b, T* c, std::int64_t ldc, std::int64_t m, std::int64_t n,
                 std::int64_t k, GradWrite write) {
  MatrixMap<T> out(c, m, n, Eigen::OuterStride<>(ldc));
  if (write == GradWrite::overwrite && k == 0) out.setZero();
  if (m == 0 || n == 0 || k == 0) return;
  const ConstMatrixMap<T> left(a, transpose_a ? k : m, transpose_a ? m : k, Eigen::OuterStride<>(lda));
  const ConstMatrixMap<T> right(b, transpose_b ? n : k, transpose_b ? k : n, Eigen::OuterStride<>(ldb));
  const auto store = [&](const auto& product) {
    if (write == GradWrite::overwrite) {
      out.noalias() = product;
    } else {
      out.noalias() += product;
    }
  };
  if (transpose_a && transpose_b) {
    store(left.transpose() * right.transpose());
  } else if (transpose_a) {
    store(left.transpose() * right);
  } else if (transpose_b) {
    store(left * right.transpose());
  } else {
    store(left * right);
  }
}

/// Rows of the output computed by one task: a function of the shape alone. Larger panels pack the
/// other operand less often, smaller ones occupy more threads.
inline std::int64_t gemm_panel(std::int64_t m) {
  return std::clamp<std::int64_t>((m + 63) / 64 * 16, 64, 256);
}

}  // namespace cpu

template <class T>
void gemm(Context<Cpu>& ctx, const GemmArgs<T>& p) {
  const std::int64_t lda = p.lda ? p.lda : (p.transpose_a ? p.m : p.k);
  const std::int64_t ldb = p.ldb ? p.ldb : (p.transpose_b ? p.k : p.n);
  const std::int64_t ldc = p.ldc ? p.ldc : p.n;
  if (p.m >= p.n) {
    parallel_chunks(ctx.threads(), p.m, cpu::gemm_panel(p.m), [&](std::int64_t begin, std::int64_t end) {
      cpu::gemm_serial(p.a + begin * (p.transpose_a ? 1 : lda), lda, p.transpose_a, p.b, ldb,
                       p.transpose_b, p.c + begin * ldc, ldc, end - begin, p.n, p.k, p.write);
    });
  } else {
    parallel_chunks(ctx.threads(), p.n, cpu::gemm_panel(p.n), [&](std::int64_t begin, std::int64_t end) {
      cpu::gemm_serial(p.a, lda, p.transpose_a, p.b + begin * (p.transpose_b ? ldb : 1), ldb,
                       p.transpose_b, p.c + begin, ldc, p.m, end - begin, p.k, p.write);
    });
  }
}

}  // namespace stx
