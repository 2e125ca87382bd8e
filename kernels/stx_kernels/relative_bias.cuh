// Attention bias by relative position: one thread writes one entry, neighbours along keys. Writes 4
// bytes per entry and reads the small tables from cache; bound by memory bandwidth.
#pragma once

#include "stx/backend/cuda/launch.cuh"
#include "stx/backend/relative_bias.hpp"

namespace stx {
namespace kernels {

template <class T>
__global__ void relative_bias_fwd_entry_per_thread_kernel(RelativeBias<T> p) {
  const std::int64_t e = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (e >= p.heads * p.length * p.length) return;
  const std::int64_t row = e / p.length, j = e % p.length;
  p.bias[e] = p.table[relative_bucket(p, row % p.length, j) * p.heads + row / p.length];
}

}  // namespace kernels

template <class T>
void relative_bias(Context<Cuda>& ctx, const RelativeBias<T>& p) {
  cuda::launch(ctx, kernels::relative_bias_fwd_entry_per_thread_kernel<T>,
               dim3(cuda::blocks_for(p.heads * p.length * p.length, 256)), dim3(256), 0, p);
}

}  // namespace stx
