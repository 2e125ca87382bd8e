// Products with a matrix B that is packed once and multiplied several times, on the calling thread.
#pragma once

#include <type_traits>

#include "stx/backend/cpu/gemm_kernel.hpp"

namespace stx::cpu {

/// n rounded up to whole vector registers.
template <class T>
std::int64_t packed_columns(std::int64_t n) {
  return (n + GemmTile<T>::lanes - 1) / GemmTile<T>::lanes * GemmTile<T>::lanes;
}

/// Values that pack_matrix writes for depth x n.
template <class T>
std::int64_t packed_size(std::int64_t depth, std::int64_t n) {
  return depth * ((n + GemmTile<T>::columns - 1) / GemmTile<T>::columns * GemmTile<T>::columns);
}

/// Calls f(number of registers, first column, columns) for each strip of n columns, the number as a type.
template <class T, class F>
void for_each_strip(std::int64_t n, F&& f) {
  constexpr int lanes = GemmTile<T>::lanes, columns = GemmTile<T>::columns;
  for (std::int64_t j = 0; j < n; j += columns) {
    const std::int64_t rest = std::min<std::int64_t>(columns, n - j);
    if (rest <= lanes) {
      f(std::integral_constant<int, 1>{}, j, rest);
    } else {
      f(std::integral_constant<int, GemmTile<T>::registers>{}, j, rest);
    }
  }
}

/// Packs b (depth x n, or stored n x depth) strip by strip.
template <class T>
void pack_matrix(const T* b, std::int64_t ldb, bool transpose_b, std::int64_t depth, std::int64_t n, T* packed) {
  for_each_strip<T>(n, [&](auto registers, std::int64_t j, std::int64_t columns) {
    gemm_pack<T, registers>(b + j * (transpose_b ? ldb : 1), ldb, transpose_b, depth, columns, packed + j * depth);
  });
}

/// c (m x n) (+)= op(a) B with B (depth x n) from pack_matrix. n may be packed_columns of the true number:
/// then whole registers are stored, the additional columns being zero.
template <class T>
void packed_gemm(const T* a, std::int64_t lda, bool transpose_a, const T* packed, T* c, std::int64_t ldc,
                 std::int64_t m, std::int64_t n, std::int64_t depth, GradWrite write) {
  for_each_strip<T>(n, [&](auto registers, std::int64_t j, std::int64_t columns) {
    constexpr std::int64_t width = registers * GemmTile<T>::lanes;
    constexpr int tile = GemmTile<T>::rows * (registers == 1 ? 2 : 1);  // as many sums
    const std::int64_t visit = gemm_steps(depth);
    for (std::int64_t done = 0; done < depth; done += visit) {
      const std::int64_t steps = std::min(visit, depth - done);
      const T* panel = packed + j * depth + done * width;
      const GradWrite now = done == 0 ? write : GradWrite::accumulate;
      if (transpose_a) {
        gemm_rows<T, true, registers, tile>(a + done * lda, lda, tile, panel, steps, c + j, ldc, m, columns, now);
      } else {
        gemm_rows<T, false, registers, tile>(a + done, lda, tile * lda, panel, steps, c + j, ldc, m, columns, now);
      }
    }
  });
}

}  // namespace stx::cpu
