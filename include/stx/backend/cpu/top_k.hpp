// Brute-force search on the CPU: blocks of queries against tiles of points.
#pragma once

#include "stx/backend/cpu/lanes.hpp"
#include "stx/backend/top_k.hpp"
#include "stx/graph/point_tiles.hpp"

namespace stx {

template <class T>
void top_k(Context<Cpu>& ctx, const TopK<T>& p) {
  Arena& arena = ctx.step_arena();
  const bool cosine = p.metric == KnnMetric::cosine;
  const auto unit_scale = [&](const T* row) { return math::unit_scale(cpu::lane_dot(row, row, p.dims)); };
  const std::int64_t n_tiles = (p.n_points + detail::knn_tile - 1) / detail::knn_tile;
  T* packed = arena.allocate<T>(detail::packed_size(p.n_points, p.dims));
  T* scale = cosine ? arena.allocate<T>(p.n_points) : nullptr;
  T* unit = cosine ? arena.allocate<T>(p.n_queries * p.dims) : nullptr;
  parallel_for(ctx.threads(), n_tiles, [&](std::int64_t tile) {
    if (cosine)
      for (std::int64_t i = tile * detail::knn_tile; i < std::min(p.n_points, (tile + 1) * detail::knn_tile); ++i)
        scale[i] = unit_scale(p.points + i * p.dims);
    detail::pack_tile(p.points, p.n_points, p.dims, scale, tile, packed);
  });
  // Queries of a block share a tile while it is in the cache; few queries make small blocks.
  const std::int64_t block = p.n_queries >= 512 ? 64 : 8;
  parallel_chunks(ctx.threads(), p.n_queries, block, [&](std::int64_t begin, std::int64_t end) {
    const auto list = [&](std::int64_t q) {
      return detail::NearestList<T>{p.scores + q * p.k, p.ids + q * p.k, p.k};
    };
    for (std::int64_t q = begin; q < end; ++q) {
      list(q).clear();
      if (!cosine) continue;
      const T* query = p.queries + q * p.dims;
      const T factor = unit_scale(query);
      for (std::int64_t d = 0; d < p.dims; ++d) unit[q * p.dims + d] = factor * query[d];
    }
    detail::search_tiles(cosine ? unit : p.queries, begin, end, packed, p.n_points, p.dims, p.metric,
                         p.without_self, list);
    for (std::int64_t q = begin; q < end; ++q) list(q).finish(p.metric);
  });
}

}  // namespace stx
