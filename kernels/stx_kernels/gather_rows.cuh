// Rows of a table by their numbers.
//
// Forward: one thread copies one quad: 8 bytes per value, bound by memory bandwidth. Backward: a
// warp owns a row of the table, a lane four of its columns, and a chunk of the numbers: it reads 32
// at a time and adds the rows whose number is its own, in their order; then the chunks are added.
// 4 bytes per value of grad_out and of the table, and n / 32 coalesced reads of the numbers per row
// of the table, which stay in L2: bound by them where the table has more rows than there are numbers.
#pragma once

#include <algorithm>
#include <limits>

#include "stx/backend/cuda/launch.cuh"
#include "stx/backend/gather_rows.hpp"
#include "stx_kernels/detail/sum_partials.cuh"

namespace stx {
namespace kernels {

template <class T>
__global__ void gather_rows_fwd_quad_per_thread_kernel(GatherRows<T> p, bool aligned) {
  const std::int64_t row = QuadGrid::row();
  const std::int64_t column = QuadGrid::column();
  if (row >= p.rows || column >= p.width) return;
  const std::int64_t id = p.ids[row];
  constexpr T nan = std::numeric_limits<T>::quiet_NaN();
  Quad<T> values{{nan, nan, nan, nan}};
  if (id >= 0 && id < p.n) values = load_quad(p.table + id * p.width, column, p.width, aligned);
  store_quad(p.out + row * p.width, column, p.width, aligned, values);
}

/// partials: chunks (blockIdx.z) x n x width, or null: a single chunk, written to grad_table.
template <class T>
__global__ void gather_rows_bwd_table_row_per_warp_kernel(GatherRowsBackward<T> p, T* partials, std::int64_t chunk_rows,
                                                          bool aligned) {
  const std::int64_t id = static_cast<std::int64_t>(blockIdx.x) * blockDim.y + threadIdx.y;
  if (id >= p.n) return;  // whole warps leave
  const std::int64_t column = (static_cast<std::int64_t>(blockIdx.y) * blockDim.x + threadIdx.x) * quad_size;
  const std::int64_t begin = blockIdx.z * chunk_rows;
  const std::int64_t end = begin + chunk_rows < p.rows ? begin + chunk_rows : p.rows;
  Quad<T> sum{};
  for (std::int64_t first = begin; first < end; first += warp_lanes) {
    const std::int64_t i = first + threadIdx.x;
    unsigned own = __ballot_sync(full_warp, i < end && p.ids[i] == id);
    for (; own != 0; own &= own - 1) {
      const std::int64_t row = first + __ffs(static_cast<int>(own)) - 1;
      if (column >= p.width) continue;
      const Quad<T> grad = load_quad(p.grad_out + row * p.width, column, p.width, aligned);
#pragma unroll
      for (int e = 0; e < quad_size; ++e) sum.v[e] += grad.v[e];
    }
  }
  if (column >= p.width) return;
  if (partials != nullptr) {
    store_quad(partials + (blockIdx.z * p.n + id) * p.width, column, p.width, aligned, sum);
  } else {
    write_quad(p.grad_table + id * p.width, column, p.width, aligned, sum, p.write);
  }
}

}  // namespace kernels

template <class T>
void gather_rows(Context<Cuda>& ctx, const GatherRows<T>& p) {
  const kernels::QuadGrid g(p.rows, p.width);
  cuda::launch(ctx, kernels::gather_rows_fwd_quad_per_thread_kernel<T>, g.grid, g.block, 0, p,
               kernels::quads_aligned(p.width, p.table, p.out));
}

template <class T>
void gather_rows_backward(Context<Cuda>& ctx, const GatherRowsBackward<T>& p) {
  const dim3 block(kernels::warp_lanes, 8);
  const unsigned strips = cuda::blocks_for(kernels::quads_in(p.width), block.x);
  // About 4096 warps, none with fewer than 256 numbers; a function of the shape alone.
  const std::int64_t wanted = std::max<std::int64_t>(1, 4096 / std::max<std::int64_t>(1, p.n * strips));
  const std::int64_t chunk_rows = std::max<std::int64_t>(256, (p.rows + wanted - 1) / wanted);
  const std::int64_t n_chunks = std::max<std::int64_t>(1, (p.rows + chunk_rows - 1) / chunk_rows);
  T* partials = n_chunks > 1 ? ctx.step_arena().template allocate<T>(n_chunks * p.n * p.width) : nullptr;
  cuda::launch(ctx, kernels::gather_rows_bwd_table_row_per_warp_kernel<T>,
               dim3(cuda::blocks_for(p.n, block.y), strips, static_cast<unsigned>(n_chunks)), block, 0, p, partials,
               chunk_rows, kernels::quads_aligned(p.width, p.grad_out, p.grad_table));
  if (n_chunks > 1) kernels::sum_partials<T>(ctx, partials, n_chunks, 1, p.n * p.width, {p.grad_table, p.write});
}

}  // namespace stx
