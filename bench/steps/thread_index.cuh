// Which element or row a thread of the simple mappings owns.
#pragma once

#include "ladder.hpp"
#include "stx/backend/cuda/launch.cuh"
#include "stx_kernels/detail/row_group.cuh"

namespace stx::steps {

inline constexpr unsigned block_threads = 256;

/// One thread an element.
__device__ inline std::int64_t thread_element() {
  return static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
}

/// Runs a kernel with one thread for each of `n` elements.
template <class... Parameters>
void launch_elements(Context<Cuda>& ctx, void (*kernel)(Parameters...), std::int64_t n,
                     std::type_identity_t<Parameters>... arguments) {
  cuda::launch(ctx, kernel, dim3(cuda::blocks_for(n, block_threads)), dim3(block_threads), 0, arguments...);
}

/// One warp a row, eight rows a block; a warp without a row leaves as a whole.
__device__ inline std::int64_t warp_row() { return static_cast<std::int64_t>(blockIdx.x) * blockDim.y + threadIdx.y; }

template <class... Parameters>
void launch_warps(Context<Cuda>& ctx, void (*kernel)(Parameters...), std::int64_t rows,
                  std::type_identity_t<Parameters>... arguments) {
  const dim3 block(kernels::warp_lanes, block_threads / kernels::warp_lanes);
  cuda::launch(ctx, kernel, dim3(cuda::blocks_for(rows, block.y)), block, 0, arguments...);
}

}  // namespace stx::steps
