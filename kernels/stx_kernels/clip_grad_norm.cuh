// Clipping of gradients. (1) A block sums the squares of one chunk of 4096 in double: 4 bytes and 2
// FLOP per element; (2) one block adds the chunks and computes the factor; (3) one thread scales
// one quad, 8 bytes per element, and does nothing where the factor is 1. All bound by memory
// bandwidth.
#pragma once

#include "stx/backend/clip_grad_norm.hpp"
#include "stx/backend/cuda/launch.cuh"
#include "stx_kernels/detail/row_group.cuh"

namespace stx {
namespace kernels {

template <class T>
__global__ void clip_grad_norm_squares_chunk_per_block_kernel(ClipGradNorm<T> p, bool aligned) {
  const std::int64_t first = blockIdx.x * clip_chunk;
  const std::int64_t end = first + clip_chunk < p.size ? first + clip_chunk : p.size;
  double sum = 0;
#pragma unroll 4
  for (std::int64_t i = first + threadIdx.x * quad_size; i < end; i += blockDim.x * quad_size) {
    const Quad<T> g = load_quad(p.gradients, i, p.size, aligned);
#pragma unroll
    for (int e = 0; e < quad_size; ++e) sum += static_cast<double>(g.v[e]) * static_cast<double>(g.v[e]);
  }
  sum = row_sum(sum, shared_memory<double>());
  if (threadIdx.x == 0) p.partials[blockIdx.x] = sum;
}

template <class T>
__global__ void clip_grad_norm_factor_one_block_kernel(ClipGradNorm<T> p) {
  double sum = 0;
#pragma unroll 4
  for (std::int64_t chunk = threadIdx.x; chunk < p.chunks(); chunk += blockDim.x) sum += p.partials[chunk];
  sum = row_sum(sum, shared_memory<double>());
  if (threadIdx.x == 0) set_clip_factor(p, sum);
}

template <class T>
__global__ void clip_grad_norm_scale_quad_per_thread_kernel(ClipGradNorm<T> p, bool aligned) {
  const std::int64_t i = FlatGrid::column();
  const T factor = *p.factor;
  if (i >= p.size || factor == T(1)) return;
  Quad<T> g = load_quad(p.gradients, i, p.size, aligned);
#pragma unroll
  for (int e = 0; e < quad_size; ++e) g.v[e] *= factor;
  store_quad(p.gradients, i, p.size, aligned, g);
}

}  // namespace kernels

template <class T>
void clip_grad_norm(Context<Cuda>& ctx, const ClipGradNorm<T>& p) {
  constexpr std::size_t scratch = kernels::row_sum_scratch * sizeof(double);
  const bool aligned = kernels::quads_aligned(p.size, p.gradients);
  cuda::launch(ctx, kernels::clip_grad_norm_squares_chunk_per_block_kernel<T>, dim3(static_cast<unsigned>(p.chunks())),
               dim3(256), scratch, p, aligned);
  cuda::launch(ctx, kernels::clip_grad_norm_factor_one_block_kernel<T>, dim3(1), dim3(256), scratch, p);
  const kernels::FlatGrid g(p.size);
  cuda::launch(ctx, kernels::clip_grad_norm_scale_quad_per_thread_kernel<T>, g.grid, g.block, 0, p, aligned);
}

}  // namespace stx
