// Attention bias by relative position.
//
// Forward: one thread writes one entry, neighbours along keys. Writes 4 bytes per entry and reads
// the small tables from cache. Backward: one thread owns a diagonal of a head, neighbouring threads
// neighbouring diagonals, and walks along it: 4 bytes and 1 FLOP per entry. Then one thread owns an
// entry of the table and adds its diagonals. Bound by memory bandwidth.
#pragma once

#include <algorithm>

#include "stx/backend/cuda/launch.cuh"
#include "stx/backend/relative_bias.hpp"

namespace stx {
namespace kernels {

template <class T>
__global__ void relative_bias_fwd_entry_per_thread_kernel(RelativeBias<T> p) {
  const std::int64_t e = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (e >= p.heads * p.length * p.length) return;
  const std::int64_t row = e / p.length, j = e % p.length;
  p.bias[e] = p.table[relative_bucket(p, j - row % p.length) * p.heads + row / p.length];
}

/// sums[h][n - 1 + r] = sum of grad_bias[h][i][i + r], n the length.
template <class T>
__global__ void relative_bias_bwd_diagonal_per_thread_kernel(RelativeBiasBackward<T> p, T* sums) {
  const std::int64_t d = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  const std::int64_t n = p.length, diagonals = 2 * n - 1, after = d - n + 1;
  if (d >= diagonals) return;
  const T* grad = p.grad_bias + static_cast<std::int64_t>(blockIdx.y) * n * n;
  const std::int64_t first = after < 0 ? -after : 0, last = after > 0 ? n - after : n;
  T sum = 0;
#pragma unroll 4
  for (std::int64_t i = first; i < last; ++i) sum += grad[i * n + i + after];
  sums[blockIdx.y * diagonals + d] = sum;
}

template <class T>
__global__ void relative_bias_bwd_entry_per_thread_kernel(RelativeBiasBackward<T> p, const T* sums) {
  const std::int64_t at = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (at >= 2 * p.half * p.heads) return;
  const std::int64_t bucket = at / p.heads, diagonals = 2 * p.length - 1;
  const T* own = sums + at % p.heads * diagonals;
  T sum = 0;
  for (std::int64_t d = 0; d < diagonals; ++d)
    if (relative_bucket(p, d - p.length + 1) == bucket) sum += own[d];
  write_grad(p.grad_table + at, sum, p.write);
}

}  // namespace kernels

template <class T>
void relative_bias(Context<Cuda>& ctx, const RelativeBias<T>& p) {
  cuda::launch(ctx, kernels::relative_bias_fwd_entry_per_thread_kernel<T>,
               dim3(cuda::blocks_for(p.heads * p.length * p.length, 256)), dim3(256), 0, p);
}

template <class T>
void relative_bias_backward(Context<Cuda>& ctx, const RelativeBiasBackward<T>& p) {
  const std::int64_t diagonals = std::max<std::int64_t>(2 * p.length - 1, 0);
  T* sums = ctx.step_arena().template allocate<T>(p.heads * diagonals);
  cuda::launch(ctx, kernels::relative_bias_bwd_diagonal_per_thread_kernel<T>,
               dim3(cuda::blocks_for(diagonals, 128), static_cast<unsigned>(p.heads)), dim3(128), 0, p, sums);
  cuda::launch(ctx, kernels::relative_bias_bwd_entry_per_thread_kernel<T>,
               dim3(cuda::blocks_for(2 * p.half * p.heads, 128)), dim3(128), 0, p, sums);
}

}  // namespace stx
