// Search in a cell grid on the CPU.
#pragma once

#include "stx/backend/grid_knn.hpp"
#include "stx/graph/point_tiles.hpp"

namespace stx {

template <class T>
void grid_knn(Context<Cpu>& ctx, const GridKnn<T>& p) {
  const CellGridView<T>& grid = p.grid;
  parallel_chunks(ctx.threads(), grid.n, 256, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t self = grid.order[i];
      detail::NearestList<T> nearest{p.distances + self * p.k, p.ids + self * p.k, p.k};
      nearest.clear();
      const math::CellRings<T> rings(grid, grid.points + i * grid.dims);
      for (std::int32_t ring = 0;; ++ring) {
        for (std::int64_t row = 0; row < rings.rows(ring); ++row)
          for (int part = 0; part < 2; ++part) {
            std::int32_t first, last;
            if (!rings.run(ring, row, part, first, last)) continue;
            for (std::int32_t j = first; j < last; ++j)
              if (j != i) nearest.offer(rings.key(j), grid.order[j]);
          }
        const T reach = rings.reach(ring);
        if (reach < T(0) || nearest.keys[p.k - 1] < reach) break;
      }
      nearest.finish(KnnMetric::euclidean);
    }
  });
}

}  // namespace stx
