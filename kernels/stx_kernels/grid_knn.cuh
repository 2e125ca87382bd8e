// Nearest neighbours in a cell grid.
//
// A warp owns one point and looks through the cells around it ring by ring; a row of cells is one
// run of points, of which a lane takes one at a time. The sorted list of k lies in shared memory.
// The warp stops when the k-th distance is within the rings seen. Neighbouring warps own points of
// one cell, so runs come from L1 and L2. About 3 k candidates a point, 12 bytes and 6 to 9 FLOP
// each: bound by the latency of runs and by the insertions.
#pragma once

#include "stx/backend/cuda/launch.cuh"
#include "stx/backend/grid_knn.hpp"
#include "stx_kernels/detail/warp_top_k.cuh"

namespace stx {
namespace kernels {

template <class T>
__global__ void grid_knn_fwd_point_per_warp_kernel(GridKnn<T> p) {
  const CellGridView<T>& grid = p.grid;
  const int lane = threadIdx.x;
  const std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.y + threadIdx.y;
  if (i >= grid.n) return;  // whole warps leave
  T* keys = shared_memory<T>() + threadIdx.y * p.k;
  auto* ids = reinterpret_cast<std::int32_t*>(shared_memory<T>() + blockDim.y * p.k) + threadIdx.y * p.k;
  const WarpTopK<T> list{keys, ids, p.k};
  list.clear(lane);
  const math::CellRings<T> rings(grid, grid.points + i * grid.dims);
  for (std::int32_t ring = 0;; ++ring) {
    for (std::int64_t row = 0; row < rings.rows(ring); ++row)
      for (int part = 0; part < 2; ++part) {
        std::int32_t first, last;
        if (!rings.run(ring, row, part, first, last)) continue;
        for (std::int32_t j = first; j < last; j += warp_lanes) {
          const std::int32_t mine = j + lane;
          const bool counts = mine < last && mine != i;
          list.offer(counts ? rings.key(mine) : T(0), counts ? grid.order[mine] : math::no_point, lane);
        }
      }
    const T reach = rings.reach(ring);
    if (reach < T(0) || list.keys[p.k - 1] < reach) break;
  }
  const std::int64_t self = grid.order[i];
  store_nearest(list, KnnMetric::euclidean, p.ids + self * p.k, p.distances + self * p.k, lane);
}

}  // namespace kernels

template <class T>
void grid_knn(Context<Cuda>& ctx, const GridKnn<T>& p) {
  constexpr unsigned warps = 8;
  cuda::launch(ctx, kernels::grid_knn_fwd_point_per_warp_kernel<T>, dim3(cuda::blocks_for(p.grid.n, warps)),
               dim3(kernels::warp_lanes, warps),
               warps * static_cast<std::size_t>(p.k) * (sizeof(T) + sizeof(std::int32_t)), p);
}

}  // namespace stx
