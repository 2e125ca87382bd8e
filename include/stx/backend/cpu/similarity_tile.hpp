// Cosines of a few rows with a panel of others, by the matrix product; what searches look through in cache.
#pragma once

#include <algorithm>
#include <bit>

#include "stx/backend/cpu/gemm_kernel.hpp"
#include "stx/backend/cpu/lanes.hpp"
#include "stx/backend/cpu/simd_mask.hpp"
#include "stx/core/arena.hpp"
#include "stx/math/nearest.hpp"

namespace stx::cpu {
inline namespace STX_SIMD {

/// Scratch of one thread. A key is minus the cosine: the smaller the nearer, and one sum in the order of the
/// dimensions, wherever its row stands.
template <class T>
class SimilarityTile {
 public:
  static constexpr int width = GemmTile<T>::columns;           ///< rows of a panel
  static constexpr std::int64_t panels = 512 / width;          ///< as many stay in the second-level cache
  static constexpr std::int64_t rows = 4 * GemmTile<T>::rows;  ///< at most, that meet a panel at once

  SimilarityTile(Arena& arena, std::int64_t dims)
      : dims_(dims), block_(arena.allocate<T>(rows * std::max<std::int64_t>(dims, 1))),
        keys_(arena.allocate<T>(rows * width)) {}

  /// Values of a panel.
  static std::int64_t panel_size(std::int64_t dims) { return width * dims; }

  /// A panel of `count` rows, each times its scale; rows that are missing are zeros.
  static void pack(const T* from, std::int64_t dims, std::int64_t count, const T* scales, T* panel) {
    gemm_pack<T, GemmTile<T>::registers>(from, dims, true, dims, count, panel);
    T scale[width] = {};
    std::copy_n(scales, count, scale);
    for (std::int64_t d = 0; d < dims; ++d)
      for (int j = 0; j < width; ++j) panel[d * width + j] *= scale[j];
  }

  static T unit_scale(const T* row, std::int64_t dims) { return math::unit_scale(lane_dot(row, row, dims)); }

  /// Takes `count` rows to compare with panels: minus their unit rows.
  void set_rows(const T* from, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) {
      const T* row = from + i * dims_;
      const T factor = -unit_scale(row, dims_);
      for (std::int64_t d = 0; d < dims_; ++d) block_[i * dims_ + d] = factor * row[d];
    }
  }

  /// Keys of the first `count` rows: keys(i)[j] of row i and row j of the panel.
  void multiply(const T* panel, std::int64_t count) {
    constexpr std::int64_t depth = 384;  // steps between two visits of the keys
    std::int64_t done = 0;
    do {
      const std::int64_t n = std::min(depth, dims_ - done);
      gemm_rows<T, false, GemmTile<T>::registers>(block_ + done, dims_, GemmTile<T>::rows * dims_, panel + done * width,
                                                  n, keys_, width, count, width,
                                                  done == 0 ? GradWrite::overwrite : GradWrite::accumulate);
      done += n;
    } while (done < dims_);
  }
  const T* keys(std::int64_t i) const { return keys_ + i * width; }

  /// A bit for each of a panel's first `columns` rows.
  static std::uint32_t real(std::int64_t columns) { return columns == 32 ? ~0u : (1u << columns) - 1u; }

  /// Bits of the keys of a row that are not above a limit, or their own. (No lambda of registers: nvcc 13.0 fails.)
  static std::uint32_t not_above(const T* keys, T limit) {
    constexpr int lanes = GemmTile<T>::lanes;
    std::uint32_t bits = 0;
    for (int r = 0; r < GemmTile<T>::registers; ++r)
      bits |= simd_not_above<T>(simd_load(keys + r * lanes), typename Simd<T>::type{} + limit) << (r * lanes);
    return bits;
  }
  static std::uint32_t not_above(const T* keys, const T* limits) {
    constexpr int lanes = GemmTile<T>::lanes;
    std::uint32_t bits = 0;
    for (int r = 0; r < GemmTile<T>::registers; ++r)
      bits |= simd_not_above<T>(simd_load(keys + r * lanes), simd_load(limits + r * lanes)) << (r * lanes);
    return bits;
  }

 private:
  std::int64_t dims_;
  T *block_, *keys_;
};

}  // namespace STX_SIMD
}  // namespace stx::cpu
