// Nearest rows of each other on the CPU: tiles of similarities by the matrix product, each looked through
// once for both sides while in cache.
#pragma once

#include <algorithm>
#include <bit>
#include <vector>

#include "stx/backend/cpu/candidates.hpp"
#include "stx/backend/cpu/gemm_kernel.hpp"
#include "stx/backend/cpu/lanes.hpp"
#include "stx/backend/cpu/simd_mask.hpp"
#include "stx/backend/cross_top_k.hpp"
#include "stx/core/parallel_for.hpp"

namespace stx {
namespace cpu {
inline namespace STX_SIMD {

/// The search over one part of the rows of each side; scratch for the calling thread.
template <class T>
class CrossSearch {
 public:
  static constexpr int width = GemmTile<T>::columns;   ///< rows of `second` in a strip
  static constexpr std::int64_t strips = 512 / width;  ///< packed at once: they stay in the second-level cache
  static constexpr std::int64_t rows = 4 * GemmTile<T>::rows;
  static constexpr std::int64_t depth = 384;  ///< steps between two visits of the tile of keys

  CrossSearch(Arena& arena, const CrossTopK<T>& p, const T* scale_second, Candidates<T>& lists_first,
              Candidates<T>& lists_second)
      : p_(p), scale_second_(scale_second), first_(lists_first), second_(lists_second),
        panels_(arena.allocate<T>(strips * width * std::max<std::int64_t>(p.dims, 1))),
        block_(arena.allocate<T>(rows * std::max<std::int64_t>(p.dims, 1))), keys_(arena.allocate<T>(rows * width)) {}

  /// Rows [begin, end) of `first` against rows [from, to) of `second`.
  void run(std::int64_t begin, std::int64_t end, std::int64_t from, std::int64_t to) {
    for (std::int64_t column = from; column < to; column += strips * width) {
      const std::int64_t n = std::min(strips * width, to - column);
      for (std::int64_t j = 0; j < n; j += width) pack(column + j, std::min<std::int64_t>(width, n - j), panel(j / width));
      for (std::int64_t row = begin; row < end; row += rows) {
        const std::int64_t m = std::min(rows, end - row);
        scale_rows(row, m);
        for (std::int64_t j = 0; j < n; j += width) {
          const std::int64_t columns = std::min<std::int64_t>(width, n - j);
          multiply(panel(j / width), m);
          look_through(row, m, column + j, columns);
        }
      }
    }
  }

 private:
  T* panel(std::int64_t strip) { return panels_ + strip * width * p_.dims; }

  void pack(std::int64_t first, std::int64_t columns, T* panel) {
    gemm_pack<T, GemmTile<T>::registers>(p_.second + first * p_.dims, p_.dims, true, p_.dims, columns, panel);
    T scale[width] = {};
    std::copy_n(scale_second_ + first, columns, scale);
    for (std::int64_t d = 0; d < p_.dims; ++d)
      for (int j = 0; j < width; ++j) panel[d * width + j] *= scale[j];
  }

  /// Minus the unit rows: a product is then a key, the smaller the nearer.
  void scale_rows(std::int64_t first, std::int64_t m) {
    for (std::int64_t i = 0; i < m; ++i) {
      const T* row = p_.first + (first + i) * p_.dims;
      const T factor = -math::unit_scale(lane_dot(row, row, p_.dims));
      for (std::int64_t d = 0; d < p_.dims; ++d) block_[i * p_.dims + d] = factor * row[d];
    }
  }

  void multiply(const T* panel, std::int64_t m) {
    std::int64_t done = 0;
    do {
      const std::int64_t n = std::min(depth, p_.dims - done);
      gemm_rows<T, false, GemmTile<T>::registers>(block_ + done, p_.dims, GemmTile<T>::rows * p_.dims,
                                                  panel + done * width, n, keys_, width, m, width,
                                                  done == 0 ? GradWrite::overwrite : GradWrite::accumulate);
      done += n;
    } while (done < p_.dims);
  }

  void look_through(std::int64_t row, std::int64_t m, std::int64_t column, std::int64_t columns) {
    // Columns that are not there have a limit that nothing passes.
    T limits[width];
    std::fill_n(limits, width, -std::numeric_limits<T>::infinity());
    std::copy_n(second_.limits() + column, columns, limits);
    const std::uint32_t real = columns == 32 ? ~0u : (1u << columns) - 1u;
    for (std::int64_t i = 0; i < m; ++i) {
      const T* keys = keys_ + i * width;
      const T limit = first_.limits()[row + i];
      std::uint32_t of_row = 0, of_columns = 0;
      for (int r = 0; r < GemmTile<T>::registers; ++r) {
        constexpr int lanes = GemmTile<T>::lanes;
        const auto key = simd_load(keys + r * lanes);
        of_row |= simd_not_above<T>(key, typename Simd<T>::type{} + limit) << (r * lanes);
        of_columns |= simd_not_above<T>(key, simd_load(limits + r * lanes)) << (r * lanes);
      }
      for (of_row &= real; of_row != 0; of_row &= of_row - 1) {
        const int j = std::countr_zero(of_row);
        if (keys[j] <= first_.limits()[row + i]) first_.offer(row + i, keys[j], static_cast<std::int32_t>(column + j));
      }
      for (of_columns &= real; of_columns != 0; of_columns &= of_columns - 1) {
        const int j = std::countr_zero(of_columns);
        second_.offer(column + j, keys[j], static_cast<std::int32_t>(row + i));
        limits[j] = second_.limits()[column + j];
      }
    }
  }

  const CrossTopK<T>& p_;
  const T* scale_second_;
  Candidates<T>&first_, &second_;
  T *panels_, *block_, *keys_;
};

}  // namespace STX_SIMD
}  // namespace cpu

template <class T>
void cross_top_k(Context<Cpu>& ctx, const CrossTopK<T>& p) {
  Arena& arena = ctx.step_arena();
  T* scale = arena.allocate<T>(p.n_second);
  parallel_chunks(ctx.threads(), p.n_second, 256, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t j = begin; j < end; ++j)
      scale[j] = math::unit_scale(cpu::lane_dot(p.second + j * p.dims, p.second + j * p.dims, p.dims));
  });
  cpu::Candidates<T> first(arena, p.n_first, p.k_first), second(arena, p.n_second, p.k_second);
  const std::int64_t n = std::max(1, ctx.threads());
  std::vector<cpu::CrossSearch<T>> searches;
  for (std::int64_t t = 0; t < n; ++t) searches.emplace_back(arena, p, scale, first, second);
  // In each of n rounds a thread has a part of the rows of either side to itself.
  for (std::int64_t round = 0; round < n; ++round) {
    parallel_for(ctx.threads(), n, [&](std::int64_t t) {
      const std::int64_t u = (t + round) % n;
      searches[t].run(p.n_first * t / n, p.n_first * (t + 1) / n, p.n_second * u / n, p.n_second * (u + 1) / n);
    });
  }
  const auto finish = [&](cpu::Candidates<T>& lists, std::int64_t rows, int k, std::int32_t* ids, T* scores) {
    parallel_chunks(ctx.threads(), rows, 64, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) lists.finish(i, KnnMetric::cosine, ids + i * k, scores + i * k);
    });
  };
  finish(first, p.n_first, p.k_first, p.ids_first, p.scores_first);
  finish(second, p.n_second, p.k_second, p.ids_second, p.scores_second);
}

}  // namespace stx
