// Sparse times dense on the CPU: the sums of many columns of a row, or of many entries, are kept in registers.
#pragma once

#include <algorithm>

#include "stx/backend/cpu/simd.hpp"
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
    // Rows and values come in no order that the machine could guess: those of later entries are fetched now.
    if (p.order != nullptr) __builtin_prefetch(p.values + p.order[e + 16 < end ? e + 16 : e]);
    const T* later = p.x + p.indices[e + 8 < end ? e + 8 : e] * p.width + column;
    STX_UNROLL(8)
    for (int r = 0; r < registers; ++r) __builtin_prefetch(later + r * lanes);
    STX_UNROLL(8)
    for (int r = 0; r < registers; ++r) sums[r] += value * simd_load(x + r * lanes);
  }
  T* y = p.y + i * p.width + column;
  STX_UNROLL(8)
  for (int r = 0; r < registers; ++r)
    simd_store(y + r * lanes, p.write == GradWrite::overwrite ? sums[r] : simd_load(y + r * lanes) + sums[r]);
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

/// Gradients of the values of entries [e, e + n) of a row, at most as many as a register has lanes: each has a register
/// of sums, and transposed these are summed together.
template <class T>
void csr_dots(const CsrMatmulValues<T>& p, const T* grad_y, std::int64_t e, std::int64_t n) {
  using V = typename Simd<T>::type;
  constexpr int lanes = Simd<T>::lanes;
  const T* rows[lanes];
  for (int l = 0; l < lanes; ++l) rows[l] = p.x + p.indices[e + std::min<std::int64_t>(l, n - 1)] * p.width;
  V sums[lanes] = {};
  std::int64_t j = 0;
  for (; j + lanes <= p.width; j += lanes) {
    const V grad = simd_load(grad_y + j);
    STX_UNROLL(16)
    for (int l = 0; l < lanes; ++l) sums[l] += grad * simd_load(rows[l] + j);
  }
  simd_transpose<T>(sums);
  for (int half = lanes / 2; half > 0; half /= 2)
    for (int l = 0; l < half; ++l) sums[l] += sums[l + half];
  T all[lanes];
  simd_store(all, sums[0]);
  for (; j < p.width; ++j)
    for (int l = 0; l < lanes; ++l) all[l] += grad_y[j] * rows[l][j];
  for (std::int64_t l = 0; l < n; ++l) write_grad(p.grad_values + e + l, all[l], p.write);
}

}  // namespace STX_SIMD
}  // namespace cpu

template <class T>
void csr_matmul(Context<Cpu>& ctx, const CsrMatmul<T>& p) {
  constexpr int lanes = cpu::Simd<T>::lanes;
  parallel_chunks(ctx.threads(), p.rows, p.rows < 64 ? 1 : 32, [&](std::int64_t begin, std::int64_t end) {
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
  constexpr std::int64_t lanes = cpu::Simd<T>::lanes;
  parallel_chunks(ctx.threads(), p.rows, 32, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const T* grad_y = p.grad_y + i * p.width;
      const std::int64_t last = p.indptr[i + 1];
      for (std::int64_t e = p.indptr[i]; e < last; e += lanes) cpu::csr_dots(p, grad_y, e, std::min(lanes, last - e));
    }
  });
}

}  // namespace stx
