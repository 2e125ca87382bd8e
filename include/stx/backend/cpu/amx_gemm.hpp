// Matrix products of floats on the matrix unit, on the calling thread.
//
// A block of C has 2 x 2 tiles. For 32 steps of the inner dimension it takes six products of parts, 24 instructions of
// 16 cycles for 32768 multiply-adds: 85 in a cycle, where two vector units of 16 lanes make 32. Packing takes some 9
// cycles for 32 values of a factor.
#pragma once

#include "stx/autograd/grad_write.hpp"
#include "stx/backend/cpu/amx_pack.hpp"

namespace stx::cpu {
inline namespace STX_SIMD {

#if defined(STX_AMX)

/// c (16 rows_of x 16 columns_of) (+)= the product of `rows_of` panels of the left factor by `columns_of` of the right
/// one (1 or 2 each, a step in bytes from one to the next), for so many tiles of steps. Meanwhile c comes to the cache,
/// and meanwhile() is called three times a tile.
template <int rows_of, int columns_of, class Meanwhile>
void amx_block(const unsigned char* left, std::int64_t left_step, const unsigned char* right, std::int64_t right_step,
               std::int64_t tiles, float* c, std::int64_t ldc, GradWrite write, Meanwhile& meanwhile) {
  const auto load_left = [&](std::int64_t part) {
    amx_load<4>(left + part * amx_tile);
    if constexpr (rows_of == 2) amx_load<5>(left + left_step + part * amx_tile);
  };
  const auto load_right = [&](std::int64_t part) {
    amx_load<6>(right + part * amx_tile);
    if constexpr (columns_of == 2) amx_load<7>(right + right_step + part * amx_tile);
  };
  const auto multiply = [] {
    amx_multiply<0, 4, 6>();
    if constexpr (columns_of == 2) amx_multiply<1, 4, 7>();
    if constexpr (rows_of == 2) amx_multiply<2, 5, 6>();
    if constexpr (rows_of == 2 && columns_of == 2) amx_multiply<3, 5, 7>();
  };
  const std::int64_t stride = ldc * static_cast<std::int64_t>(sizeof(float));
  if (write == GradWrite::overwrite) {
    amx_zero<0>();
    amx_zero<1>();
    amx_zero<2>();
    amx_zero<3>();
  } else {
    amx_load<0>(c, stride);
    if constexpr (columns_of == 2) amx_load<1>(c + amx_rows, stride);
    if constexpr (rows_of == 2) amx_load<2>(c + amx_rows * ldc, stride);
    if constexpr (rows_of == 2 && columns_of == 2) amx_load<3>(c + amx_rows * ldc + amx_rows, stride);
  }
  constexpr std::int64_t rows = rows_of * amx_rows;
  for (std::int64_t t = 0; t < tiles; ++t, left += amx_parts * amx_tile, right += amx_parts * amx_tile) {
    for (std::int64_t i = rows * t / tiles; i < rows * (t + 1) / tiles; ++i) {
      __builtin_prefetch(c + i * ldc, 1, 3);
      if constexpr (columns_of == 2) __builtin_prefetch(c + i * ldc + amx_rows, 1, 3);
    }
    load_left(0), load_right(2), multiply(), meanwhile();
    load_right(1), multiply(), meanwhile();
    load_left(1), multiply(), meanwhile();
    load_right(0), multiply();
    load_left(2), multiply();
    load_left(0), multiply();
  }
  amx_store<0>(c, stride);
  if constexpr (columns_of == 2) amx_store<1>(c + amx_rows, stride);
  if constexpr (rows_of == 2) amx_store<2>(c + amx_rows * ldc, stride);
  if constexpr (rows_of == 2 && columns_of == 2) amx_store<3>(c + amx_rows * ldc + amx_rows, stride);
}

/// The same for any part of a block: c is rows x columns, at most 32 x 32.
template <class Meanwhile>
void amx_product(const unsigned char* left, std::int64_t left_step, const unsigned char* right, std::int64_t right_step,
                 std::int64_t tiles, float* c, std::int64_t ldc, std::int64_t rows, std::int64_t columns,
                 GradWrite write, Meanwhile& meanwhile) {
  const bool two_rows = rows > amx_rows, two_columns = columns > amx_rows;
  const auto block = two_rows ? (two_columns ? amx_block<2, 2, Meanwhile> : amx_block<2, 1, Meanwhile>)
                              : (two_columns ? amx_block<1, 2, Meanwhile> : amx_block<1, 1, Meanwhile>);
  if (rows % amx_rows == 0 && columns % amx_rows == 0) {
    block(left, left_step, right, right_step, tiles, c, ldc, write, meanwhile);
    return;
  }
  constexpr std::int64_t wide = 2 * amx_rows;
  alignas(64) float whole[wide * wide] = {};
  if (write == GradWrite::accumulate)
    for (std::int64_t i = 0; i < rows; ++i) std::copy_n(c + i * ldc, columns, whole + i * wide);
  block(left, left_step, right, right_step, tiles, whole, wide, write, meanwhile);
  for (std::int64_t i = 0; i < rows; ++i) std::copy_n(whole + i * wide, columns, c + i * ldc);
}

/// Whole tiles of rows.
inline constexpr std::int64_t amx_whole(std::int64_t n) { return (n + amx_rows - 1) / amx_rows * amx_rows; }

/// Panels of a factor (16 rows or columns each), one after another.
class AmxFactor {
 public:
  AmxFactor() = default;
  /// Into `panels`, of bytes(rows, depth) for the most of both.
  explicit AmxFactor(unsigned char* panels) : panels_(panels) {}

  static constexpr std::int64_t bytes(std::int64_t rows, std::int64_t depth) {
    return amx_whole(rows) / amx_rows * step(depth);
  }

  /// Packs `rows` rows (columns, of a right factor) for `depth` steps; see amx_pack_panel.
  template <bool right, class Meanwhile = NothingAhead>
  void pack(const float* from, std::int64_t ld, bool steps_first, std::int64_t rows, std::int64_t depth,
            Meanwhile&& meanwhile = {}) {
    depth_ = depth;
    for (std::int64_t i = 0; i < rows; i += amx_rows)
      amx_pack_panel<right>(from + i * (steps_first ? 1 : ld), ld, steps_first, depth, rows - i,
                            panels_ + i / amx_rows * step(depth), meanwhile);
  }

  /// c (m x n) (+)= this * right, of as many steps.
  template <class Meanwhile = NothingAhead>
  void multiply(const AmxFactor& right, float* c, std::int64_t ldc, std::int64_t m, std::int64_t n, GradWrite write,
                Meanwhile&& meanwhile = {}) const {
    constexpr std::int64_t wide = 2 * amx_rows;
    const std::int64_t each = step(depth_), tiles = amx_panel(depth_) / (amx_parts * amx_tile);
    for (std::int64_t i = 0; i < m; i += wide)
      for (std::int64_t j = 0; j < n; j += wide)
        amx_product(panels_ + i / amx_rows * each, each, right.panels_ + j / amx_rows * each, each, tiles,
                    c + i * ldc + j, ldc, std::min(wide, m - i), std::min(wide, n - j), write, meanwhile);
  }

 private:
  /// From panel to panel; not a multiple of a page: they do not begin in the same sets of a cache.
  static constexpr std::int64_t step(std::int64_t depth) { return amx_panel(depth) + 64; }

  unsigned char* panels_ = nullptr;
  std::int64_t depth_ = 0;
};

/// c (m x n) (+)= op(a) op(b). Calls finished(row, rows, column, columns) when such a part of c is complete.
/// (Not inlined: 1.2 MiB are on the stack.)
template <bool transpose_a, class Finished>
__attribute__((noinline)) void amx_gemm(const float* a, std::int64_t lda, const float* b, std::int64_t ldb,
                                        bool transpose_b, float* c, std::int64_t ldc, std::int64_t m, std::int64_t n,
                                        std::int64_t k, GradWrite write, Finished finished) {
  constexpr std::int64_t most = 256, block = 384, wide = 2 * amx_rows;  // steps and columns between visits of c
  const std::int64_t visits = (k + most - 1) / most;
  const std::int64_t depth = (k + visits * amx_steps - 1) / (visits * amx_steps) * amx_steps;
  alignas(64) unsigned char left_panels[AmxFactor::bytes(wide, most)], right_panels[AmxFactor::bytes(block, most)];
  AmxFactor left(left_panels), right(right_panels);
  const AmxTiles tiles;
  for (std::int64_t j = 0; j < n; j += block) {
    const std::int64_t columns = std::min(block, n - j);
    for (std::int64_t done = 0; done < k; done += depth) {
      const std::int64_t steps = std::min(depth, k - done);
      right.pack<true>(b + (transpose_b ? j * ldb + done : done * ldb + j), ldb, !transpose_b, columns, steps);
      for (std::int64_t i = 0; i < m; i += wide) {
        const std::int64_t rows = std::min(wide, m - i);
        left.pack<false>(a + (transpose_a ? done * lda + i : i * lda + done), lda, transpose_a, rows, steps);
        left.multiply(right, c + i * ldc + j, ldc, rows, columns, done == 0 ? write : GradWrite::accumulate);
        if (done + steps == k) finished(i, rows, j, columns);
      }
    }
  }
}

#endif

/// Whether so many steps of the inner dimension fill most of their tiles.
inline bool amx_fills_tiles(std::int64_t k) { return 2 * ((k + 31) / 32 * 32) <= 3 * k; }

/// Whether a product of m x k by k x n goes to the matrix unit: where its steps fill tiles and the product is worth the
/// packing, which takes a cycle for a value, as much as the unit saves in some 40 multiply-adds.
template <class T>
bool gemm_uses_amx(std::int64_t m, std::int64_t n, std::int64_t k) {
  if constexpr (has_amx<T>) {
    return amx_fills_tiles(k) && m * n >= 40 * (m + n) && amx_ready();
  } else {
    return false;
  }
}

}  // namespace STX_SIMD
}  // namespace stx::cpu
