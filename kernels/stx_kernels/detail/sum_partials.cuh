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
  std::int64_t stride = 0;  ///< values from one group's sums to the next one's
};

/// partials: groups x n_chunks x parts x n. A block owns 32 columns of a group; its 16 rows of
/// threads take every 16th chunk each and are added in order. Reads each partial once: bound by L2.
/// The second part is written after the first by the same thread, so that both may go to one
/// buffer.
template <class T>
__global__ void sum_partials_columns_per_block_kernel(const T* partials, std::int64_t n_chunks, std::int64_t n,
                                                      int parts, PartialTarget<T> first, PartialTarget<T> second) {
  T* sums = shared_memory<T>();
  partials += blockIdx.y * n_chunks * parts * n;
  const std::int64_t column = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  for (int part = 0; part < parts; ++part) {
    const PartialTarget<T> target = part == 0 ? first : second;
    if (target.data == nullptr) continue;
    T sum = 0;
    if (column < n) {
      const T* source = partials + part * n + column;
      const std::int64_t stride = parts * n;
#pragma unroll 4
      for (std::int64_t c = threadIdx.y; c < n_chunks; c += blockDim.y) sum += source[c * stride];
    }
    __syncthreads();  // the first part's sums may still be read
    sums[threadIdx.y * blockDim.x + threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.y != 0 || column >= n) continue;
    for (unsigned y = 1; y < blockDim.y; ++y) sum += sums[y * blockDim.x + threadIdx.x];
    write_grad(target.data + blockIdx.y * target.stride + column, sum, target.write);
  }
}

/// target[column] (+)= sum over chunks, for one or two parts side by side; `groups` of them apart.
template <class T>
void sum_partials(Context<Cuda>& ctx, const T* partials, std::int64_t n_chunks, int parts, std::int64_t n,
                  PartialTarget<T> first, PartialTarget<T> second = {}, std::int64_t groups = 1) {
  const dim3 block(warp_lanes, 16);
  const dim3 grid(cuda::blocks_for(n, warp_lanes), static_cast<unsigned>(groups));
  cuda::launch(ctx, sum_partials_columns_per_block_kernel<T>, grid, block, block.x * block.y * sizeof(T), partials,
               n_chunks, n, parts, first, second);
}

}  // namespace stx::kernels
