// Step 2: a block owns a row; neighbouring threads read neighbouring values, and the maximum and
// the sum are combined in a tree in shared memory.
//
// Must move 8 bytes an element, issues 16. One launch. Every sector that is fetched is used whole
// and there are 256 threads a row; bound by the barriers (20 a row: eight levels of each tree, and
// two that guard it), which dominate where rows are short.
#pragma once

#include "step1_thread_per_row.cuh"

namespace stx::steps {

/// Combines one value per thread of the block; every thread gets the result. blockDim.x is a power
/// of two.
template <class Combine>
__device__ inline float block_tree(float value, Combine combine) {
  float* values = kernels::shared_memory<float>();
  __syncthreads();  // an earlier result may still be read
  values[threadIdx.x] = value;
  for (unsigned width = blockDim.x / 2; width > 0; width /= 2) {
    __syncthreads();
    if (threadIdx.x < width) values[threadIdx.x] = combine(values[threadIdx.x], values[threadIdx.x + width]);
  }
  __syncthreads();
  return values[0];
}

__global__ void softmax_fwd_block_per_row_kernel(SoftmaxForward<float> a) {
  const std::int64_t row = blockIdx.x;
  const float* x = a.x + row * a.n;
  float* y = a.y + row * a.n;
  float largest = math::softmax_lowest<float>();
  for (std::int64_t j = threadIdx.x; j < a.n; j += blockDim.x) {
    const float value = x[j];
    largest = value > largest ? value : largest;
  }
  largest = block_tree(largest, [](float a, float b) { return a < b ? b : a; });
  float sum = 0;
  for (std::int64_t j = threadIdx.x; j < a.n; j += blockDim.x) sum += math::softmax_exp(a.scale * (x[j] - largest));
  sum = block_tree(sum, [](float a, float b) { return a + b; });
  const float inverse = math::softmax_inverse(sum);
  for (std::int64_t j = threadIdx.x; j < a.n; j += blockDim.x)
    y[j] = math::softmax_exp(a.scale * (x[j] - largest)) * inverse;
}

inline void softmax_block_per_row(Context<Cuda>& ctx, const SoftmaxForward<float>& a) {
  cuda::launch(ctx, softmax_fwd_block_per_row_kernel, dim3(static_cast<unsigned>(a.rows)), dim3(block_threads),
               block_threads * sizeof(float), a);
}

}  // namespace stx::steps
