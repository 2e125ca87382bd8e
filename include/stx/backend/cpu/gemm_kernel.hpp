// The innermost parts of the CPU's matrix product: a tile of C kept in registers, and the packing
// of what it reads.
//
// A tile is `rows` rows by a few registers of columns, or twice as many by one where B has no more. Every step of the
// inner dimension loads the registers of B once and broadcasts one value of A per row: with AVX-512 28 multiply-adds
// for 16 loads, so the multiplier is the bound. B is packed, because a column of registers is then one stream, used
// again for every tile of rows. A is read where it lies if its rows are contiguous along the inner dimension; a
// transposed A that several columns of registers read is packed too, because a step from one stored row to the next is
// a step from page to page.
#pragma once

#include <algorithm>

#include "stx/autograd/grad_write.hpp"
#include "stx/backend/cpu/simd.hpp"
#include "stx/core/macros.hpp"

namespace stx::cpu {
inline namespace STX_SIMD {

/// Sizes of the tile: what fills the registers, with one free for A and those of B.
template <class T>
struct GemmTile {
  static constexpr int lanes = Simd<T>::lanes;
  static constexpr int registers = lanes >= 4 ? 2 : 8 / lanes;  ///< of a row: at least 8 columns
  static constexpr int columns = registers * lanes;
  static constexpr int rows = simd_bytes == 64 ? 14 : (registers == 2 ? 6 : 2);
};

/// Most steps of the inner dimension between two visits of C: a panel of B is 48 KiB.
inline constexpr std::int64_t gemm_depth = 384;

/// The steps of a sum of k terms between two visits of C: as few visits as can be, of about the same length.
inline std::int64_t gemm_steps(std::int64_t k) {
  const std::int64_t visits = std::max<std::int64_t>(1, (k + gemm_depth - 1) / gemm_depth);
  return (k + 16 * visits - 1) / (16 * visits) * 16;
}

/// The values of so many rows at one step, `lda` values from row to row. An address is one of a few registers plus 0
/// to 4 distances, which a load adds itself. With a register for every row some were fetched in every step: products
/// with one register of columns reached 72% of the multiplier's rate, and 88% so.
template <class T, int rows>
class GemmRowStep {
 public:
  GemmRowStep(const T* a, std::int64_t lda) : distance_(lda * static_cast<std::int64_t>(sizeof(T))) {
    for (int i = 0; i < groups; ++i) at_[i] = reinterpret_cast<const char*>(a + 5 * i * lda);
  }
  T operator[](int r) const {
    return *reinterpret_cast<const T*>(at_[r / 5] + (r % 5 == 3 ? three_ : r % 5 * distance_));
  }
  void next() {
    STX_UNROLL(8)
    for (int i = 0; i < groups; ++i) at_[i] += sizeof(T);
    asm volatile("" : "+r"(distance_), "+r"(three_));  // or the compiler keeps their multiples, in registers it lacks
  }

 private:
  static constexpr int groups = (rows + 4) / 5;
  const char* at_[groups];
  std::int64_t distance_, three_ = 3 * distance_;
};

/// c (rows x width) (+)= a (rows x depth) * panel (depth x width), the width being so many registers.
/// Only the first `columns` columns are stored. With `transpose_a`, a is stored depth x rows. Meanwhile c comes to
/// the first-level cache and depth values from `ahead`, which are read later, to the second: a line of each in as
/// many steps as a line has values, because many at once would stop the loads; without `ahead` neither: all is near.
/// With `packs`, the panel's rows are ldb values apart and are packed into `packed` on the way, which takes hardly any
/// time of its own.
/// (Not inlined: among other code the compiler keeps a part of the sums in memory.)
template <class T, int rows, bool transpose_a, int registers, bool packs = false>
__attribute__((noinline)) void gemm_tile(const T* a, std::int64_t lda, const T* panel, std::int64_t depth, T* c,
                                         std::int64_t ldc, std::int64_t columns, GradWrite write, const T* ahead,
                                         std::int64_t ldb = 0, T* packed = nullptr) {
  using V = typename Simd<T>::type;
  constexpr int lanes = GemmTile<T>::lanes;
  constexpr int width = registers * lanes;
  V sum[rows][registers];
  STX_UNROLL(32)
  for (int r = 0; r < rows; ++r) {
    STX_UNROLL(4)
    for (int v = 0; v < registers; ++v) sum[r][v] = V{};
  }
  constexpr int line = 64 / static_cast<int>(sizeof(T));
  T *prefetched = c, *const last = c + rows * ldc;
  GemmRowStep<T, rows> row(a, lda);
  const std::int64_t step = ahead != nullptr ? line : depth;
  for (std::int64_t begin = 0; begin < depth; begin += step) {
    if (ahead != nullptr) {
      __builtin_prefetch(ahead + begin, 0, 2);
      if (prefetched != last) {
        for (int j = 0; j < width; j += line) __builtin_prefetch(prefetched + j, 1, 3);
        prefetched += ldc;
      }
    }
    const std::int64_t end = std::min<std::int64_t>(begin + step, depth);
    for (std::int64_t k = begin; k < end; ++k) {
      V b[registers];
      STX_UNROLL(4)
      for (int v = 0; v < registers; ++v) {
        const T* from = panel + k * (packs ? ldb : width) + v * lanes;
        b[v] = simd_load(from);
        if constexpr (packs) {
          simd_store(packed + k * width + v * lanes, b[v]);
          __builtin_prefetch(from + 32 * ldb, 0, 2);
        }
      }
      STX_UNROLL(32)
      for (int r = 0; r < rows; ++r) {
        const T value = transpose_a ? a[k * lda + r] : row[r];
        STX_UNROLL(4)
        for (int v = 0; v < registers; ++v) sum[r][v] += value * b[v];
      }
      if constexpr (!transpose_a) row.next();
    }
  }
  if (columns == width) {
    STX_UNROLL(32)
    for (int r = 0; r < rows; ++r) {
      STX_UNROLL(4)
      for (int v = 0; v < registers; ++v) {
        T* to = c + r * ldc + v * lanes;
        simd_store(to, write == GradWrite::overwrite ? sum[r][v] : simd_load(to) + sum[r][v]);
      }
    }
    return;
  }
  T all[rows * width];  // all at once: sums that a loop picks from would lie in memory from the start
  STX_UNROLL(32)
  for (int r = 0; r < rows; ++r) {
    STX_UNROLL(4)
    for (int v = 0; v < registers; ++v) simd_store(all + r * width + v * lanes, sum[r][v]);
  }
  for (int r = 0; r < rows; ++r)
    for (std::int64_t j = 0; j < columns; ++j) write_grad(c + r * ldc + j, all[r * width + j], write);
}

/// The same for any number of rows: whole tiles, `tile_step` values of a apart, then the rest in tiles of
/// halving size.
template <class T, bool transpose_a, int registers, int tile = GemmTile<T>::rows>
void gemm_rows(const T* a, std::int64_t lda, std::int64_t tile_step, const T* panel, std::int64_t depth, T* c,
               std::int64_t ldc, std::int64_t m, std::int64_t columns, GradWrite write, const T* ahead = nullptr) {
  std::int64_t i = 0;
  for (; i + tile <= m; i += tile, a += tile_step)
    gemm_tile<T, tile, transpose_a, registers>(a, lda, panel, depth, c + i * ldc, ldc, columns, write, ahead);
  if constexpr (tile > 1) {
    constexpr int smaller = tile > 8 && tile <= 16 ? 8 : tile / 2;
    if (i < m)
      gemm_rows<T, transpose_a, registers, smaller>(a, lda, smaller * (transpose_a ? 1 : lda), panel, depth,
                                                    c + i * ldc, ldc, m - i, columns, write, ahead);
  }
}

/// Rows of a transposed a, up to gemm_depth steps of theirs, packed tile by tile: steps from page to page become
/// steps within 420 KiB, which stay in the second-level cache. The order is kept, so that packing is copying.
template <class T>
struct GemmPackedRows {
  static constexpr std::int64_t tile = GemmTile<T>::rows;
  /// From tile to tile, an odd number of cache lines: they do not begin in the same sets of a cache.
  static constexpr std::int64_t step = tile * gemm_depth + 64 / static_cast<std::int64_t>(sizeof(T));
  static constexpr std::int64_t tiles = 80 / static_cast<std::int64_t>(sizeof(T));
  static constexpr std::int64_t rows = tiles * tile;

  alignas(64) T values[tiles * step];

  /// m <= rows rows of a, stored depth x m.
  void pack(const T* a, std::int64_t lda, std::int64_t depth, std::int64_t m) {
    const std::int64_t whole = m / tile, rest = m % tile;
    for (std::int64_t k = 0; k < depth; ++k) {
      const T* from = a + k * lda;
      T* to = values + k * tile;
      const T* later = a + std::min<std::int64_t>(k + 12, depth - 1) * lda;  // no stream that a prefetcher follows
      for (std::int64_t j = 0; j < m; j += 64 / static_cast<std::int64_t>(sizeof(T))) __builtin_prefetch(later + j);
      for (std::int64_t t = 0; t < whole; ++t, from += tile, to += step) std::memcpy(to, from, sizeof(T) * tile);
      std::copy_n(from, rest, to);
    }
  }
};

/// Packs `columns` columns of b (depth x columns, or stored columns x depth) side by side, filled up
/// with zeros to so many registers.
template <class T, int registers>
inline void gemm_pack(const T* b, std::int64_t ldb, bool transpose_b, std::int64_t depth, std::int64_t columns,
                      T* panel) {
  constexpr int lanes = GemmTile<T>::lanes;
  constexpr int width = registers * lanes;
  if (!transpose_b) {
    for (std::int64_t k = 0; k < depth; ++k) {
      T* to = panel + k * width;
      if (columns == width) {
        std::memcpy(to, b + k * ldb, sizeof(T) * width);
      } else {
        std::copy_n(b + k * ldb, columns, to);
        std::fill(to + columns, to + width, T(0));
      }
    }
    return;
  }
  if (depth < lanes) {
    for (std::int64_t j = 0; j < width; ++j)
      for (std::int64_t k = 0; k < depth; ++k) panel[k * width + j] = j < columns ? b[j * ldb + k] : T(0);
    return;
  }
  for (std::int64_t step = 0; step < depth; step += lanes) {
    const std::int64_t k = std::min(step, depth - lanes);  // the last squares overlap those before
    for (int first = 0; first < width; first += lanes) {
      typename Simd<T>::type square[lanes];
      STX_UNROLL(16)
      for (int j = 0; j < lanes; ++j)
        square[j] = first + j < columns ? simd_load(b + (first + j) * ldb + k) : typename Simd<T>::type{};
      simd_transpose<T>(square);
      STX_UNROLL(16)
      for (int j = 0; j < lanes; ++j) simd_store(panel + (k + j) * width + first, square[j]);
    }
  }
}

/// Several panels of B, packed for the rows of a block of C.
template <class T>
struct GemmPanels {
  static constexpr std::int64_t width = GemmTile<T>::columns, count = 16, columns = count * width;
  /// From panel to panel; not a multiple of a page: they do not begin in the same sets of a cache.
  static constexpr std::int64_t step = gemm_depth * width + 64 / static_cast<std::int64_t>(sizeof(T));

  alignas(64) T values[count * step];

  /// Columns `first` (a multiple of the width) to n <= columns of b.
  void pack(const T* b, std::int64_t ldb, bool transpose_b, std::int64_t depth, std::int64_t first, std::int64_t n) {
    for (std::int64_t j = first; j < n; j += width)
      gemm_pack<T, GemmTile<T>::registers>(b + j * (transpose_b ? ldb : 1), ldb, transpose_b, depth,
                                           std::min(width, n - j), values + j / width * step);
  }
};

}  // namespace STX_SIMD
}  // namespace stx::cpu
