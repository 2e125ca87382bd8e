// Matrix times vector. Eight lanes own a row, four rows a warp: a lane reads one quad of every 32
// columns, so that a row is read in whole lines; the vector comes from L1. 4 bytes and 2 FLOP per
// element of the matrix: bound by memory bandwidth.
#pragma once

#include <cmath>

#include "stx/backend/cuda/launch.cuh"
#include "stx/backend/matvec.hpp"
#include "stx_kernels/detail/row_group.cuh"

namespace stx {
namespace kernels {

inline constexpr int matvec_lanes = matvec_sums / quad_size;  ///< of a row

template <class T>
__global__ void matvec_fwd_row_per_eight_lanes_kernel(Matvec<T> p, bool aligned) {
  const GroupRow row(p.rows, p.cols);
  T sums[quad_size] = {};
#pragma unroll 4
  for (std::int64_t j = threadIdx.x * quad_size; j < row.columns; j += matvec_sums) {
    const Quad<T> left = load_quad(p.a + row.offset, j, p.cols, aligned);
    const Quad<T> right = load_quad(p.x, j, p.cols, aligned);
#pragma unroll
    for (int e = 0; e < quad_size; ++e) sums[e] = std::fma(left.v[e], right.v[e], sums[e]);
  }
#pragma unroll
  for (int step = matvec_lanes / 2; step > 0; step /= 2)
#pragma unroll
    for (int e = 0; e < quad_size; ++e) sums[e] += __shfl_xor_sync(full_warp, sums[e], step);
  if (row.active && threadIdx.x == 0) p.y[row.index] = (sums[0] + sums[2]) + (sums[1] + sums[3]);
}

}  // namespace kernels

template <class T>
void matvec(Context<Cuda>& ctx, const Matvec<T>& p) {
  const dim3 block(kernels::matvec_lanes, 256 / kernels::matvec_lanes);
  cuda::launch(ctx, kernels::matvec_fwd_row_per_eight_lanes_kernel<T>, dim3(cuda::blocks_for(p.rows, block.y)), block,
               0, p, kernels::quads_aligned(p.cols, p.a, p.x));
}

}  // namespace stx
