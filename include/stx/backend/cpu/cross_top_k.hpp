// Nearest rows of each other on the CPU: tiles of similarities by the matrix product, each looked through
// once for both sides while in cache.
#pragma once

#include <algorithm>
#include <vector>

#include "stx/backend/cpu/candidates.hpp"
#include "stx/backend/cpu/similarity_tile.hpp"
#include "stx/backend/cross_top_k.hpp"
#include "stx/core/parallel_for.hpp"

namespace stx {
namespace cpu {
inline namespace STX_SIMD {

/// The search over one part of the rows of each side; scratch for the calling thread.
template <class T>
class CrossSearch {
 public:
  using Tile = SimilarityTile<T>;

  CrossSearch(Arena& arena, const CrossTopK<T>& p, const T* scale_second, Candidates<T>& lists_first,
              Candidates<T>& lists_second)
      : p_(p), scale_second_(scale_second), first_(lists_first), second_(lists_second), tile_(arena, p.dims),
        panels_(arena.allocate<T>(Tile::panels * Tile::panel_size(std::max<std::int64_t>(p.dims, 1)))) {}

  /// Rows [begin, end) of `first` against rows [from, to) of `second`.
  void run(std::int64_t begin, std::int64_t end, std::int64_t from, std::int64_t to) {
    constexpr std::int64_t width = Tile::width;
    for (std::int64_t column = from; column < to; column += Tile::panels * width) {
      const std::int64_t n = std::min(Tile::panels * width, to - column);
      for (std::int64_t j = 0; j < n; j += width)
        Tile::pack(p_.second + (column + j) * p_.dims, p_.dims, std::min(width, n - j), scale_second_ + column + j,
                   panels_ + j * p_.dims);
      for (std::int64_t row = begin; row < end; row += Tile::rows) {
        const std::int64_t m = std::min(Tile::rows, end - row);
        tile_.set_rows(p_.first + row * p_.dims, m);
        for (std::int64_t j = 0; j < n; j += width) {
          tile_.multiply(panels_ + j * p_.dims, m);
          look_through(row, m, column + j, std::min(width, n - j));
        }
      }
    }
  }

 private:
  void look_through(std::int64_t row, std::int64_t m, std::int64_t column, std::int64_t columns) {
    // Columns that are not there have a limit that nothing passes.
    T limits[Tile::width];
    std::fill_n(limits, Tile::width, -std::numeric_limits<T>::infinity());
    std::copy_n(second_.limits() + column, columns, limits);
    const std::uint32_t real = Tile::real(columns);
    for (std::int64_t i = 0; i < m; ++i) {
      const T* keys = tile_.keys(i);
      const T limit = first_.limits()[row + i];
      std::uint32_t of_row = real & Tile::not_above(keys, limit);
      std::uint32_t of_columns = real & Tile::not_above(keys, limits);
      for (; of_row != 0; of_row &= of_row - 1) {
        const int j = std::countr_zero(of_row);
        if (keys[j] <= first_.limits()[row + i]) first_.offer(row + i, keys[j], static_cast<std::int32_t>(column + j));
      }
      for (; of_columns != 0; of_columns &= of_columns - 1) {
        const int j = std::countr_zero(of_columns);
        second_.offer(column + j, keys[j], static_cast<std::int32_t>(row + i));
        limits[j] = second_.limits()[column + j];
      }
    }
  }

  const CrossTopK<T>& p_;
  const T* scale_second_;
  Candidates<T>&first_, &second_;
  SimilarityTile<T> tile_;
  T* panels_;
};

}  // namespace STX_SIMD
}  // namespace cpu

template <class T>
void cross_top_k(Context<Cpu>& ctx, const CrossTopK<T>& p) {
  Arena& arena = ctx.step_arena();
  T* scale = arena.allocate<T>(p.n_second);
  parallel_chunks(ctx.threads(), p.n_second, 256, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t j = begin; j < end; ++j)
      scale[j] = cpu::SimilarityTile<T>::unit_scale(p.second + j * p.dims, p.dims);
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
