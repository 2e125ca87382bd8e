// KL divergence of diagonal normals.
//
// Forward: a group of lanes sums one row: 8 bytes (16 with a prior per row) and about 30 FLOP per
// element. Backward: one thread per element, neighbouring threads neighbouring columns: 16 bytes
// (32) and 40 FLOP. Bound by bandwidth; latents are narrow (10 to 64 columns), so that in a model
// both are the time of a launch.
#pragma once

#include "stx/backend/cuda/launch.cuh"
#include "stx/backend/gaussian_kl.hpp"
#include "stx_kernels/detail/row_group.cuh"

namespace stx {
namespace kernels {

template <class T>
__global__ void gaussian_kl_fwd_row_per_group_kernel(GaussianKlForward<T> p) {
  const GroupRow row(p.model.rows, p.model.cols);
  T sum = 0;
  for (std::int64_t j = threadIdx.x; j < row.columns; j += blockDim.x) sum += p.model.at(row.index, j).value;
  sum = row_sum(sum, shared_memory<T>());
  if (row.active && threadIdx.x == 0) p.value[row.index] = sum;
}

template <class T>
__global__ void gaussian_kl_bwd_element_per_thread_kernel(GaussianKlBackward<T> p) {
  const std::int64_t k = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (k < p.model.rows * p.model.cols) p.write(k / p.model.cols, k % p.model.cols);
}

}  // namespace kernels

template <class T>
void gaussian_kl_forward(Context<Cuda>& ctx, const GaussianKlForward<T>& p) {
  const dim3 block = kernels::row_group_block(p.model.cols);
  cuda::launch(ctx, kernels::gaussian_kl_fwd_row_per_group_kernel<T>, dim3(cuda::blocks_for(p.model.rows, block.y)),
               block, kernels::row_sum_scratch * sizeof(T), p);
}

template <class T>
void gaussian_kl_backward(Context<Cuda>& ctx, const GaussianKlBackward<T>& p) {
  cuda::launch(ctx, kernels::gaussian_kl_bwd_element_per_thread_kernel<T>,
               dim3(cuda::blocks_for(p.model.rows * p.model.cols, 256)), dim3(256), 0, p);
}

}  // namespace stx
