// Sorting points into cells, by merging keys of a cell's number above a point's index.
//
// A thread owns a point: it makes its key, and in every pass finds the key's place by bisection
// (detail/merge_sort.cuh). Runs of 256 are sorted in shared memory, longer ones from memory to
// memory: 16 bytes and log2(run) comparisons a point and pass, log2(n / 256) passes; bound by the
// latency of the bisection, and for many points by memory bandwidth. Then a thread copies a point,
// and another finds where a cell begins, by bisection in the sorted keys.
#pragma once

#include <utility>

#include "stx/backend/cell_sort.hpp"
#include "stx/backend/cuda/launch.cuh"
#include "stx_kernels/detail/merge_sort.cuh"
#include "stx_kernels/detail/row_group.cuh"

namespace stx {
namespace kernels {

inline constexpr std::int64_t cell_sort_tile = 256;

__device__ inline std::int64_t grid_thread() {
  return static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
}

template <class T>
__global__ void cell_sort_key_per_thread_kernel(CellSort<T> p, std::uint64_t* keys) {
  const std::int64_t i = grid_thread();
  if (i >= p.grid.n) return;
  keys[i] = math::cell_number(p.grid, p.points + i * p.grid.dims) << 32 | static_cast<std::uint64_t>(i);
}

template <class T>
__global__ void cell_sort_tile_per_block_kernel(CellSort<T> p, std::uint64_t* keys) {
  const std::int64_t first = static_cast<std::int64_t>(blockIdx.x) * cell_sort_tile;
  const std::int64_t rest = p.grid.n - first;
  sort_tile<cell_sort_tile>(keys + first, rest < cell_sort_tile ? rest : cell_sort_tile,
                            shared_memory<std::uint64_t>());
}

template <class T>
__global__ void cell_sort_merge_key_per_thread_kernel(CellSort<T> p, const std::uint64_t* from, std::uint64_t* to,
                                                      std::int64_t width) {
  const std::int64_t i = grid_thread();
  if (i < p.grid.n) to[MergedKey(from, p.grid.n, width, i, 0).place] = from[i];
}

template <class T>
__global__ void cell_sort_copy_point_per_thread_kernel(CellSort<T> p, const std::uint64_t* keys) {
  const std::int64_t i = grid_thread();
  if (i >= p.grid.n) return;
  const auto point = static_cast<std::int32_t>(keys[i]);
  p.order[i] = point;
  for (int d = 0; d < p.grid.dims; ++d) p.sorted[i * p.grid.dims + d] = p.points[std::int64_t{point} * p.grid.dims + d];
}

template <class T>
__global__ void cell_sort_begin_cell_per_thread_kernel(CellSort<T> p, const std::uint64_t* keys) {
  const std::int64_t cell = grid_thread();
  if (cell > p.grid.cells()) return;
  p.cell_begin[cell] =
      static_cast<std::int32_t>(key_bound(keys, 0, p.grid.n, static_cast<std::uint64_t>(cell) << 32, 32, true));
}

}  // namespace kernels

template <class T>
void cell_sort(Context<Cuda>& ctx, const CellSort<T>& p) {
  constexpr auto threads = static_cast<unsigned>(kernels::cell_sort_tile);
  const std::int64_t n = p.grid.n;
  const dim3 grid(cuda::blocks_for(n, threads)), block(threads);
  auto* keys = ctx.step_arena().template allocate<std::uint64_t>(n);
  auto* merged = ctx.step_arena().template allocate<std::uint64_t>(n);
  cuda::launch(ctx, kernels::cell_sort_key_per_thread_kernel<T>, grid, block, 0, p, keys);
  cuda::launch(ctx, kernels::cell_sort_tile_per_block_kernel<T>, grid, block,
               2 * kernels::cell_sort_tile * sizeof(std::uint64_t), p, keys);
  for (std::int64_t width = kernels::cell_sort_tile; width < n; width *= 2) {
    cuda::launch(ctx, kernels::cell_sort_merge_key_per_thread_kernel<T>, grid, block, 0, p, keys, merged, width);
    std::swap(keys, merged);
  }
  cuda::launch(ctx, kernels::cell_sort_copy_point_per_thread_kernel<T>, grid, block, 0, p, keys);
  cuda::launch(ctx, kernels::cell_sort_begin_cell_per_thread_kernel<T>,
               dim3(cuda::blocks_for(p.grid.cells() + 1, threads)), block, 0, p, keys);
}

}  // namespace stx
