// Sparse times dense on the CPU: the sums of many columns of a row are kept in registers.
#pragma once

#include "stx/backend/cpu/row_sum.hpp"
#include "stx/backend/csr_matmul.hpp"
#include "stx/core/macros.hpp"

namespace stx {
namespace cpu {
inline namespace STX_SIMD {

/// Columns [column, column + registers * lanes) of row i: the sums stay in registers.
template <class T, int registers>
inline void csr_columns(const CsrMatmul<T>& p, std::int64_t i, std::int64_t column) {
  constexpr int lanes = Simd<T>::lanes;
  typename Simd<T>::type sums[registers] = {};
  const std::int64_t end = p.indptr[i + 1];
  for (std::int64_t e = p.indptr[i]; e < end; ++e) {
    const T value = p.values[p.order != nullptr ? p.order[e] : e];
    const T* x = p.x + p.indices[e] * p.width + column;
    // Rows come in no order that the machine could guess: the row of a later entry is fetched now.
    const T* later = p.x + p.indices[e + 8 < end ? e + 8 : e] * p.width + column;
    STX_UNROLL(8)
    for (int r = 0; r < registers; ++r) __builtin_prefetch(later + r * lanes);
    STX_UNROLL(8)
    for (int r = 0; r < registers; ++r) sums[r] += value * simd_load(x + r * lanes);
  }
  T* y = p.y + i * p.width + column;
  STX_UNROLL(8)
  for (int r = 0; r < registers; ++r)
    simd_store(y + r * lanes,
               p.write == GradWrite::overwrite ? sums[r] : simd_load(y + r * lanes) + sums[r]);
}

/// The last columns, fewer than a register holds.
template <class T>
inline void csr_last_columns(const CsrMatmul<T>& p, std::int64_t i, std::int64_t column) {
  T sums[Simd<T>::lanes] = {};
  const std::int64_t n = p.width - column, end = p.indptr[i + 1];
  for (std::int64_t e = p.indptr[i]; e < end; ++e) {
    const T value = p.values[p.order != nullptr ? p.order[e] : e];
    const T* x = p.x + p.indices[e] * p.width + column;
    for (std::int64_t j = 0; j < n; ++j) sums[j] += value * x[j];
  }
  for (std::int64_t j = 0; j < n; ++j) write_grad(p.y + i * p.width + column + j, sums[j], p.write);
}

}  // namespace STX_SIMD
}  // namespace cpu

template <class T>
void csr_matmul(Context<Cpu>& ctx, const CsrMatmul<T>& p) {
  constexpr int lanes = cpu::Simd<T>::lanes;
  parallel_chunks(ctx.threads(), p.rows, 32, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      std::int64_t j = 0;
      for (; j + 8 * lanes <= p.width; j += 8 * lanes) cpu::csr_columns<T, 8>(p, i, j);
      for (; j + 4 * lanes <= p.width; j += 4 * lanes) cpu::csr_columns<T, 4>(p, i, j);
      for (; j + 2 * lanes <= p.width; j += 2 * lanes) cpu::csr_columns<T, 2>(p, i, j);
      for (; j + lanes <= p.width; j += lanes) cpu::csr_columns<T, 1>(p, i, j);
      if (j < p.width) cpu::csr_last_columns(p, i, j);
    }
  });
}

template <class T>
void csr_matmul_values(Context<Cpu>& ctx, const CsrMatmulValues<T>& p) {
  parallel_chunks(ctx.threads(), p.rows, 32, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const T* grad_y = p.grad_y + i * p.width;
      const std::int64_t last = p.indptr[i + 1];
      for (std::int64_t e = p.indptr[i]; e < last; ++e) {
        const T* x = p.x + p.indices[e] * p.width;
        const T* later = p.x + p.indices[e + 8 < last ? e + 8 : e] * p.width;  // as in csr_columns
        for (std::int64_t j = 0; j < p.width; j += 64 / static_cast<std::int64_t>(sizeof(T))) __builtin_prefetch(later + j);
        write_grad(p.grad_values + e, cpu::simd_dot(grad_y, x, p.width), p.write);
      }
    }
  });
}

}  // namespace stx
