// Sparse times dense.
//
// A warp owns one row of the result and 128 of its columns, a quad per lane; where the result is
// narrower, the warp's lanes form several streams that take every second (fourth, ...) entry and
// are added at the end. Per entry and column 4 bytes of x (from L2 where rows are shared) and 2
// FLOP, per entry 8 to 12 bytes of index and value; bound by memory bandwidth, for scattered rows
// by latency. The gradient of the values walks the same entries: a dot product per entry, summed
// over the lanes of a stream.
#pragma once

#include "stx/backend/csr_matmul.hpp"
#include "stx/backend/cuda/launch.cuh"
#include "stx_kernels/detail/row_group.cuh"

namespace stx {
namespace kernels {

/// Rows (warps) of a block.
inline constexpr int csr_rows_per_block = 8;

/// Lanes of a stream: a power of two that covers the columns, at most the warp.
inline int csr_stream_lanes(std::int64_t width) {
  int lanes = 1;
  while (lanes < warp_lanes && lanes < quads_in(width)) lanes *= 2;
  return lanes;
}

template <class T>
__global__ void csr_matmul_fwd_row_per_warp_kernel(CsrMatmul<T> p, int stream_lanes, bool aligned) {
  const std::int64_t row = static_cast<std::int64_t>(blockIdx.x) * blockDim.y + threadIdx.y;
  if (row >= p.rows) return;  // whole warps
  const int lane = static_cast<int>(threadIdx.x) % stream_lanes;
  const int stream = static_cast<int>(threadIdx.x) / stream_lanes;
  const int streams = warp_lanes / stream_lanes;
  const std::int64_t column = (static_cast<std::int64_t>(blockIdx.y) * stream_lanes + lane) * quad_size;
  const bool inside = column < p.width;
  Quad<T> sum{};
  const std::int64_t end = p.indptr[row + 1];
#pragma unroll 4
  for (std::int64_t e = p.indptr[row] + stream; e < end; e += streams) {
    const T value = p.values[p.order != nullptr ? p.order[e] : e];
    if (!inside) continue;
    const Quad<T> x = load_quad(p.x + p.indices[e] * p.width, column, p.width, aligned);
#pragma unroll
    for (int k = 0; k < quad_size; ++k) sum.v[k] += value * x.v[k];
  }
  for (int step = stream_lanes; step < warp_lanes; step *= 2) {
#pragma unroll
    for (int k = 0; k < quad_size; ++k) sum.v[k] += __shfl_xor_sync(full_warp, sum.v[k], step);
  }
  if (stream == 0 && inside) write_quad(p.y + row * p.width, column, p.width, aligned, sum, p.write);
}

template <class T>
__global__ void csr_matmul_bwd_values_row_per_warp_kernel(CsrMatmulValues<T> p, int stream_lanes, bool aligned) {
  const std::int64_t row = static_cast<std::int64_t>(blockIdx.x) * blockDim.y + threadIdx.y;
  if (row >= p.rows) return;  // whole warps
  const int lane = static_cast<int>(threadIdx.x) % stream_lanes;
  const int stream = static_cast<int>(threadIdx.x) / stream_lanes;
  const int streams = warp_lanes / stream_lanes;
  const std::int64_t end = p.indptr[row + 1];
  // All lanes take part in the sums, so all streams make the same number of turns.
  for (std::int64_t first = p.indptr[row]; first < end; first += streams) {
    const std::int64_t e = first + stream;
    T dot = 0;
    if (e < end) {
      const T* x = p.x + p.indices[e] * p.width;
#pragma unroll 2
      for (std::int64_t column = lane * quad_size; column < p.width; column += stream_lanes * quad_size) {
        const Quad<T> a = load_quad(p.grad_y + row * p.width, column, p.width, aligned);
        const Quad<T> b = load_quad(x, column, p.width, aligned);
        dot += (a.v[0] * b.v[0] + a.v[1] * b.v[1]) + (a.v[2] * b.v[2] + a.v[3] * b.v[3]);
      }
    }
    for (int step = stream_lanes / 2; step > 0; step /= 2) dot += __shfl_xor_sync(full_warp, dot, step);
    if (lane == 0 && e < end) write_grad(p.grad_values + e, dot, p.write);
  }
}

}  // namespace kernels

template <class T>
void csr_matmul(Context<Cuda>& ctx, const CsrMatmul<T>& p) {
  const int lanes = kernels::csr_stream_lanes(p.width);
  cuda::launch(
      ctx, kernels::csr_matmul_fwd_row_per_warp_kernel<T>,
      dim3(cuda::blocks_for(p.rows, kernels::csr_rows_per_block), cuda::blocks_for(kernels::quads_in(p.width), lanes)),
      dim3(kernels::warp_lanes, kernels::csr_rows_per_block), 0, p, lanes, kernels::quads_aligned(p.width, p.x, p.y));
}

template <class T>
void csr_matmul_values(Context<Cuda>& ctx, const CsrMatmulValues<T>& p) {
  const int lanes = kernels::csr_stream_lanes(p.width);
  cuda::launch(ctx, kernels::csr_matmul_bwd_values_row_per_warp_kernel<T>,
               dim3(cuda::blocks_for(p.rows, kernels::csr_rows_per_block)),
               dim3(kernels::warp_lanes, kernels::csr_rows_per_block), 0, p, lanes,
               kernels::quads_aligned(p.width, p.grad_y, p.x));
}

}  // namespace stx
