// Second stage of a deterministic sum over rows: adds the partial sums of fixed chunks of rows.
#pragma once

#include "stx/backend/cuda/launch.cuh"
#include "stx_kernels/detail/row_group.cuh"

namespace stx::kernels {

/// Where one part of the sums goes; null = nowhere.
template <class T>
struct PartialTarget {
  T* data = nullptr;
  GradWrite write = GradWrite::overwrite;
};

/// partials: n_chunks x parts x n. A block owns 32 columns of one part (blockIdx.y); its 16 rows of
/// threads take every 16th chunk each and are added in order. Reads each partial once: bound by L2.
template <class T>
__global__ void sum_partials_columns_per_block_kernel(const T* partials, std::int64_t n_chunks, std::int64_t n,
                                                      PartialTarget<T> first, PartialTarget<T> second) {
  const PartialTarget<T> target = blockIdx.y == 0 ? first : second;
  if (target.data == nullptr) return;
  T* sums = shared_memory<T>();
  const std::int64_t column = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  T sum = 0;
  if (column < n) {
    const T* source = partials + blockIdx.y * n + column;
    const std::int64_t stride = gridDim.y * n;
#pragma unroll 4
    for (std::int64_t c = threadIdx.y; c < n_chunks; c += blockDim.y) sum += source[c * stride];
  }
  sums[threadIdx.y * blockDim.x + threadIdx.x] = sum;
  __syncthreads();
  if (threadIdx.y != 0 || column >= n) return;
  for (unsigned y = 1; y < blockDim.y; ++y) sum += sums[y * blockDim.x + threadIdx.x];
  write_grad(target.data + column, sum, target.write);
}

/// target[column] (+)= sum over chunks, for one or two parts side by side.
template <class T>
void sum_partials(Context<Cuda>& ctx, const T* partials, std::int64_t n_chunks, int parts, std::int64_t n,
                  PartialTarget<T> first, PartialTarget<T> second = {}) {
  const dim3 block(warp_lanes, 16);
  cuda::launch(ctx, sum_partials_columns_per_block_kernel<T>,
               dim3(cuda::blocks_for(n, warp_lanes), static_cast<unsigned>(parts)), block,
               block.x * block.y * sizeof(T), partials, n_chunks, n, first, second);
}

}  // namespace stx::kernels
