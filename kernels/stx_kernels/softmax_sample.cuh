// Drawing from a softmax. Five kernels: (1) a block finds the largest of one tile of 1024 logits;
// (2) one block finds the largest of all; (3) a block turns a tile into whole-number weights and
// their prefix sums, four entries a thread; (4) one block adds up the tiles' sums; (5) one thread
// draws one item by two binary searches. Whole numbers add exactly, so the result depends neither
// on tiles nor on the device. Per entry 4 bytes read twice and 8 written, about 20 operations:
// bound by memory bandwidth; a draw reads log2(n) scattered words.
#pragma once

#include <limits>

#include "stx/backend/cuda/launch.cuh"
#include "stx/backend/softmax_sample.hpp"
#include "stx_kernels/detail/block_scan.cuh"

namespace stx {
namespace kernels {

/// Largest of n values for one block of whole warps; NaN is passed over.
template <class T>
__device__ inline T block_largest(const T* values, std::int64_t n, T* scratch) {
  T largest = -std::numeric_limits<T>::infinity();
  for (std::int64_t k = threadIdx.x; k < n; k += blockDim.x) largest = largest < values[k] ? values[k] : largest;
  return row_max(largest, scratch);
}

template <class T>
__global__ void softmax_sample_fwd_tile_max_per_block_kernel(SoftmaxSample<T> p) {
  const std::int64_t first = blockIdx.x * sample_tile;
  const std::int64_t size = p.n - first < sample_tile ? p.n - first : sample_tile;
  const T largest = block_largest(p.logits + first, size, shared_memory<T>());
  if (threadIdx.x == 0) p.maxima[blockIdx.x] = largest;
}

template <class T>
__global__ void softmax_sample_fwd_max_one_block_kernel(SoftmaxSample<T> p) {
  const T largest = block_largest(p.maxima, p.tiles(), shared_memory<T>());
  if (threadIdx.x == 0) p.maxima[p.tiles()] = largest;
}

template <class T>
__global__ void softmax_sample_fwd_tile_weights_per_block_kernel(SoftmaxSample<T> p, std::uint32_t bits, bool aligned) {
  const std::int64_t first = blockIdx.x * sample_tile;
  const std::int64_t column = first + threadIdx.x * quad_size;
  const auto largest = static_cast<float>(p.maxima[p.tiles()]);
  std::uint64_t weights[quad_size] = {};
  std::uint64_t sum = 0;
  if (column < p.n) {
    const Quad<T> x = load_quad(p.logits, column, p.n, aligned);
#pragma unroll
    for (int e = 0; e < quad_size; ++e) {
      if (column + e < p.n) sum += math::sample_weight(static_cast<float>(x.v[e]), largest, p.kappa, bits);
      weights[e] = sum;
    }
  }
  std::uint64_t total;
  const std::uint64_t before = block_exclusive_scan(sum, shared_memory<std::uint64_t>(), &total);
#pragma unroll
  for (int e = 0; e < quad_size; ++e)
    if (column + e < p.n) p.inclusive[column + e] = before + weights[e];
  if (threadIdx.x == 0) p.tile_sums[blockIdx.x] = total;
}

template <class T>
__global__ void softmax_sample_fwd_scan_tiles_one_block_kernel(SoftmaxSample<T> p) {
  std::uint64_t carry = 0;
  for (std::int64_t first = 0; first < p.tiles(); first += blockDim.x) {
    const std::int64_t t = first + threadIdx.x;
    const std::uint64_t mine = t < p.tiles() ? p.tile_sums[t] : 0;
    std::uint64_t total;
    const std::uint64_t before = block_exclusive_scan(mine, shared_memory<std::uint64_t>(), &total);
    if (t < p.tiles()) p.tile_sums[t] = carry + before + mine;
    carry += total;
  }
}

template <class T>
__global__ void softmax_sample_fwd_draw_per_thread_kernel(SoftmaxSample<T> p, const StepState* state) {
  const std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < p.count) p.items[i] = sampled_entry(p, *state, i);
}

}  // namespace kernels

template <class T>
void softmax_sample(Context<Cuda>& ctx, const SoftmaxSample<T>& p) {
  if (p.count == 0) return;
  constexpr unsigned threads = sample_tile / kernels::quad_size;
  const dim3 tiles(static_cast<unsigned>(p.tiles()));
  const std::size_t warps = threads / kernels::warp_lanes;
  cuda::launch(ctx, kernels::softmax_sample_fwd_tile_max_per_block_kernel<T>, tiles, dim3(threads),
               kernels::row_sum_scratch * sizeof(T), p);
  cuda::launch(ctx, kernels::softmax_sample_fwd_max_one_block_kernel<T>, dim3(1), dim3(threads),
               kernels::row_sum_scratch * sizeof(T), p);
  cuda::launch(ctx, kernels::softmax_sample_fwd_tile_weights_per_block_kernel<T>, tiles, dim3(threads),
               warps * sizeof(std::uint64_t), p, math::sample_weight_bits(p.n), kernels::quads_aligned(p.n, p.logits));
  cuda::launch(ctx, kernels::softmax_sample_fwd_scan_tiles_one_block_kernel<T>, dim3(1), dim3(threads),
               warps * sizeof(std::uint64_t), p);
  cuda::launch(ctx, kernels::softmax_sample_fwd_draw_per_thread_kernel<T>, dim3(cuda::blocks_for(p.count, 256)),
               dim3(256), 0, p, ctx.step_state());
}

}  // namespace stx
