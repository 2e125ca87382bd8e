// Brute-force search on the CPU: blocks of queries against tiles of points. Cosines come from the matrix
// product, distances from differences.
#pragma once

#include <vector>

#include "stx/backend/cpu/candidates.hpp"
#include "stx/backend/cpu/similarity_tile.hpp"
#include "stx/backend/top_k.hpp"
#include "stx/core/parallel_for.hpp"
#include "stx/graph/point_tiles.hpp"

namespace stx {
namespace cpu {
inline namespace STX_SIMD {

/// The search by cosine for a part of the queries; scratch for the calling thread.
template <class T>
class CosineSearch {
 public:
  using Tile = SimilarityTile<T>;
  static constexpr std::int64_t block = 4 * Tile::rows;  ///< queries that share the points while they come from memory

  /// @param panels  all points, packed
  CosineSearch(Arena& arena, const TopK<T>& p, const T* panels)
      : p_(p), panels_(panels), lists_(arena, block, p.k), tile_(arena, p.dims) {}

  /// Queries [begin, end).
  void run(std::int64_t begin, std::int64_t end) {
    for (std::int64_t first = begin; first < end; first += block) {
      const std::int64_t n = std::min(block, end - first);
      lists_.clear();
      for (std::int64_t from = 0; from < p_.n_points; from += Tile::panels * Tile::width)
        for (std::int64_t row = 0; row < n; row += Tile::rows)
          search(first + row, std::min(Tile::rows, n - row), row, from,
                 std::min(p_.n_points, from + Tile::panels * Tile::width));
      for (std::int64_t i = 0; i < n; ++i)
        lists_.finish(i, KnnMetric::cosine, p_.ids + (first + i) * p_.k, p_.scores + (first + i) * p_.k);
    }
  }

 private:
  /// m queries from `query` on, whose lists begin at `list`, against points [from, to).
  void search(std::int64_t query, std::int64_t m, std::int64_t list, std::int64_t from, std::int64_t to) {
    tile_.set_rows(p_.queries + query * p_.dims, m);
    for (std::int64_t column = from; column < to; column += Tile::width) {
      tile_.multiply(panels_ + column * p_.dims, m);
      const std::uint32_t real = Tile::real(std::min<std::int64_t>(Tile::width, to - column));
      for (std::int64_t i = 0; i < m; ++i) {
        const T* keys = tile_.keys(i);
        const T limit = lists_.limits()[list + i];
        std::uint32_t near = real & Tile::not_above(keys, limit);
        for (; near != 0; near &= near - 1) {
          const int j = std::countr_zero(near);
          if (p_.without_self && column + j == query + i) continue;
          if (keys[j] <= lists_.limits()[list + i])
            lists_.offer(list + i, keys[j], static_cast<std::int32_t>(column + j));
        }
      }
    }
  }

  const TopK<T>& p_;
  const T* panels_;
  Candidates<T> lists_;
  Tile tile_;
};

template <class T>
void top_k_by_cosine(Context<Cpu>& ctx, const TopK<T>& p) {
  using Tile = SimilarityTile<T>;
  Arena& arena = ctx.step_arena();
  const std::int64_t n_panels = (p.n_points + Tile::width - 1) / Tile::width;
  T* panels = arena.allocate<T>(n_panels * Tile::panel_size(p.dims));
  parallel_for(ctx.threads(), n_panels, [&](std::int64_t panel) {
    const std::int64_t first = panel * Tile::width, count = std::min<std::int64_t>(Tile::width, p.n_points - first);
    T scales[Tile::width];
    for (std::int64_t j = 0; j < count; ++j) scales[j] = Tile::unit_scale(p.points + (first + j) * p.dims, p.dims);
    Tile::pack(p.points + first * p.dims, p.dims, count, scales, panels + first * p.dims);
  });
  const std::int64_t n = std::max(1, ctx.threads());
  std::vector<CosineSearch<T>> searches;
  for (std::int64_t t = 0; t < n; ++t) searches.emplace_back(arena, p, panels);
  parallel_for(ctx.threads(), n,
               [&](std::int64_t t) { searches[t].run(p.n_queries * t / n, p.n_queries * (t + 1) / n); });
}

template <class T>
void top_k_by_distance(Context<Cpu>& ctx, const TopK<T>& p) {
  const std::int64_t n_tiles = (p.n_points + stx::detail::knn_tile - 1) / stx::detail::knn_tile;
  T* packed = ctx.step_arena().template allocate<T>(stx::detail::packed_size(p.n_points, p.dims));
  parallel_for(ctx.threads(), n_tiles,
               [&](std::int64_t tile) { stx::detail::pack_tile(p.points, p.n_points, p.dims, tile, packed); });
  // Queries of a block share a tile while it is in the cache; few queries make small blocks.
  const std::int64_t block = p.n_queries >= 512 ? 64 : 8;
  parallel_chunks(ctx.threads(), p.n_queries, block, [&](std::int64_t begin, std::int64_t end) {
    const auto list = [&](std::int64_t q) {
      return stx::detail::NearestList<T>{p.scores + q * p.k, p.ids + q * p.k, p.k};
    };
    for (std::int64_t q = begin; q < end; ++q) list(q).clear();
    stx::detail::search_tiles(p.queries, begin, end, packed, p.n_points, p.dims, p.metric, p.without_self, list);
    for (std::int64_t q = begin; q < end; ++q) list(q).finish(p.metric);
  });
}

}  // namespace STX_SIMD
}  // namespace cpu

template <class T>
void top_k(Context<Cpu>& ctx, const TopK<T>& p) {
  if (p.metric == KnnMetric::cosine) {
    cpu::top_k_by_cosine(ctx, p);
  } else {
    cpu::top_k_by_distance(ctx, p);
  }
}

}  // namespace stx
