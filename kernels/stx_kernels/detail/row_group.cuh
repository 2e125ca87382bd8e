// Groups of threads that work on one row, and sums over such a group in a fixed order.
#pragma once

#include "stx_kernels/detail/quad.cuh"

namespace stx::kernels {

inline constexpr unsigned full_warp = 0xffffffffu;
inline constexpr int warp_lanes = 32;

/// The block's dynamic shared memory.
template <class T>
__device__ inline T* shared_memory() {
  extern __shared__ __align__(16) unsigned char stx_shared[];
  return reinterpret_cast<T*>(stx_shared);
}

/// Sum and largest over the warp, or over each so many neighbouring lanes of it; every lane gets it.
template <int lanes = warp_lanes, class T>
__device__ inline T warp_sum(T value) {
#pragma unroll
  for (int step = lanes / 2; step > 0; step /= 2) value += __shfl_xor_sync(full_warp, value, step);
  return value;
}

template <int lanes = warp_lanes, class T>
__device__ inline T warp_max(T value) {
#pragma unroll
  for (int step = lanes / 2; step > 0; step /= 2) {
    const T other = __shfl_xor_sync(full_warp, value, step);
    value = value < other ? other : value;
  }
  return value;
}

/// Block shape (lanes of a row, rows): 256 threads, a warp for a narrow row, up to 8 for a wide
/// one.
inline dim3 row_group_block(std::int64_t cols) {
  constexpr unsigned threads = 256;
  unsigned lanes = warp_lanes;
  while (lanes < threads && 4 * lanes < quads_in(cols)) lanes *= 2;
  return dim3(lanes, threads / lanes);
}

/// The row of a matrix that this thread's group of lanes owns. A group past the last row has no columns, and
/// takes part in sums all the same.
struct GroupRow {
  std::int64_t index, columns = 0, offset = 0;  ///< offset: where the row begins
  bool active;

  __device__ GroupRow(std::int64_t rows, std::int64_t cols)
      : index(static_cast<std::int64_t>(blockIdx.x) * blockDim.y + threadIdx.y), active(index < rows) {
    if (!active) return;
    columns = cols;
    offset = index * cols;
  }
};

/// Values of scratch that row_sum and row_max need in shared memory.
inline constexpr int row_sum_scratch = 8;

/// Combines one value per warp of the row's threads; every one of them gets the result. All threads
/// of the block must call it together.
template <class T, class Combine>
__device__ inline T combine_warps(T value, T* scratch, Combine combine) {
  if (blockDim.x == warp_lanes) return value;
  const unsigned warps = blockDim.x / warp_lanes;
  T* mine = scratch + threadIdx.y * warps;
  __syncthreads();  // what an earlier call left may still be read
  if (threadIdx.x % warp_lanes == 0) mine[threadIdx.x / warp_lanes] = value;
  __syncthreads();
  T total = mine[0];
  for (unsigned w = 1; w < warps; ++w) total = combine(total, mine[w]);
  return total;
}

/// Sum over the threads with the same threadIdx.y (blockDim.x of them, whole warps); every one of
/// them gets it. All threads of the block must call it together.
template <class T>
__device__ inline T row_sum(T value, T* scratch) {
  return combine_warps(warp_sum(value), scratch, [](T a, T b) { return a + b; });
}

/// In a block of one row: weight * sum / count of all threads (at least 1) into loss, the count into divisor.
template <class T>
__device__ inline void write_mean(double sum, double count, T weight, T* loss, T* divisor) {
  double* scratch = shared_memory<double>();
  sum = row_sum(sum, scratch);
  count = row_sum(count, scratch);
  if (threadIdx.x != 0) return;
  const double least_one = count < 1.0 ? 1.0 : count;
  *divisor = static_cast<T>(least_one);
  *loss = static_cast<T>(static_cast<double>(weight) * sum / least_one);
}

/// The same as row_sum for the largest value.
template <class T>
__device__ inline T row_max(T value, T* scratch) {
  return combine_warps(warp_max(value), scratch, [](T a, T b) { return a < b ? b : a; });
}

}  // namespace stx::kernels
