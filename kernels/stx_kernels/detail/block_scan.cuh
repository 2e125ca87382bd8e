// Prefix sums over the threads of a block.
#pragma once

#include "stx_kernels/detail/row_group.cuh"

namespace stx::kernels {

/// Sum of `value` over the threads before this one; `*total` is that of the whole block. The block
/// is one row of whole warps; scratch holds one value per warp. All threads call it together.
template <class T>
__device__ inline T block_exclusive_scan(T value, T* scratch, T* total) {
  const unsigned lane = threadIdx.x % warp_lanes, warp = threadIdx.x / warp_lanes;
  T inclusive = value;
#pragma unroll
  for (unsigned step = 1; step < warp_lanes; step *= 2) {
    const T other = __shfl_up_sync(full_warp, inclusive, step);
    if (lane >= step) inclusive += other;
  }
  __syncthreads();  // what an earlier call left may still be read
  if (lane == warp_lanes - 1) scratch[warp] = inclusive;
  __syncthreads();
  T before = 0, all = 0;
  for (unsigned w = 0; w < blockDim.x / warp_lanes; ++w) {
    if (w == warp) before = all;
    all += scratch[w];
  }
  *total = all;
  return before + inclusive - value;
}

}  // namespace stx::kernels
