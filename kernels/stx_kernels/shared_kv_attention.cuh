// Attention of many rows to keys and values that all of them share.
//
// A block of warps owns one head of 4 rows per warp; tiles of 32 keys and values lie in shared
// memory. For scores a lane owns a key and multiplies it with the warp's 4 rows; for sums over keys
// a lane owns four of the head's dimensions. Softmax is computed online, so any number of keys
// fits. Forward: per row and key 4 head_dim FLOP; q is read and out written once: bound by FP32
// arithmetic and shared memory bandwidth, for few keys by memory bandwidth. Backward: the row
// kernel recomputes the weights from lse and leaves dropped weights and score gradients in scratch;
// the key kernel sums them against q and grad_out over fixed chunks of rows, and sum_partials adds
// the chunks in order. 10 head_dim FLOP per row and key.
#pragma once

#include <algorithm>
#include <cmath>

#include "stx/backend/cuda/launch.cuh"
#include "stx/backend/shared_kv_attention.hpp"
#include "stx_kernels/detail/attention_backward.cuh"
#include "stx_kernels/detail/attention_forward.cuh"
#include "stx_kernels/detail/sum_partials.cuh"

namespace stx {

template <class T>
void shared_kv_attention_forward(Context<Cuda>& ctx, const SharedKvAttentionForward<T>& p) {
  const std::int64_t head_dim = p.width / p.n_heads;
  const T scale = T(1) / std::sqrt(static_cast<T>(head_dim));
  const kernels::AttentionBlock block(ctx, "shared_kv_attention", head_dim, sizeof(T));
  const bool aligned = kernels::quads_aligned(head_dim, p.q, p.k, p.v, p.out);
  const unsigned row_blocks = cuda::blocks_for(p.rows, block.rows());
  T* largest_and_inverse = nullptr;
  if (p.weights != nullptr)
    largest_and_inverse = ctx.step_arena().template allocate<T>(2 * p.rows * p.n_heads);
  cuda::launch(ctx, kernels::shared_kv_attention_fwd_rows_per_warp_kernel<T>,
               dim3(row_blocks, static_cast<unsigned>(p.n_heads)), block.threads,
               block.shared_bytes, p, ctx.step_state(), largest_and_inverse, scale, aligned);
  if (p.weights != nullptr)
    cuda::launch(ctx, kernels::shared_kv_attention_weights_fwd_rows_per_warp_kernel<T>,
                 dim3(row_blocks), block.threads, block.shared_bytes, p, largest_and_inverse, scale,
                 aligned);
}

template <class T>
void shared_kv_attention_backward(Context<Cuda>& ctx, const SharedKvAttentionBackward<T>& p) {
  const std::int64_t head_dim = p.width / p.n_heads;
  const T scale = T(1) / std::sqrt(static_cast<T>(head_dim));
  const kernels::AttentionBlock block(ctx, "shared_kv_attention", head_dim, sizeof(T));
  const bool aligned = kernels::quads_aligned(head_dim, p.q, p.k, p.v, p.grad_out, p.grad_q);
  Arena& arena = ctx.step_arena();
  T* kept = arena.allocate<T>(p.n_heads * p.rows * p.n_keys);
  T* grad_score = arena.allocate<T>(p.n_heads * p.rows * p.n_keys);
  cuda::launch(ctx, kernels::shared_kv_attention_bwd_rows_per_warp_kernel<T>,
               dim3(cuda::blocks_for(p.rows, block.rows()), static_cast<unsigned>(p.n_heads)),
               block.threads, block.shared_bytes, p, ctx.step_state(), kept, grad_score, scale,
               aligned);
  if (p.grad_k == nullptr && p.grad_v == nullptr) return;

  // About 512 blocks and whole stages of 32 rows; a function of the shape alone.
  const std::int64_t key_tiles = (p.n_keys + kernels::attention_keys - 1) / kernels::attention_keys;
  const std::int64_t dim_blocks =
      (kernels::quads_in(head_dim) + kernels::warp_lanes - 1) / kernels::warp_lanes;
  const std::int64_t wanted = std::max<std::int64_t>(
      1, 512 / std::max<std::int64_t>(1, key_tiles * dim_blocks * p.n_heads));
  const std::int64_t stages = (p.rows + 31) / 32;
  const std::int64_t chunk_rows = std::max<std::int64_t>(1, (stages + wanted - 1) / wanted) * 32;
  const std::int64_t n_chunks = (p.rows + chunk_rows - 1) / chunk_rows;
  const std::int64_t part = p.n_keys * p.width;
  T* partials = arena.allocate<T>(n_chunks * 2 * part);
  cuda::launch(ctx, kernels::shared_kv_attention_bwd_keys_per_warp_kernel<T>,
               dim3(static_cast<unsigned>(n_chunks), static_cast<unsigned>(key_tiles),
                    static_cast<unsigned>(dim_blocks * p.n_heads)),
               dim3(kernels::warp_lanes, 4),
               32 * (2 * 32 * sizeof(kernels::Quad<T>) + 2 * 32 * sizeof(T)), p, kept, grad_score,
               partials, chunk_rows, aligned);
  kernels::sum_partials<T>(ctx, partials, n_chunks, 2, part, {p.grad_k, p.write_k},
                           {p.grad_v, p.write_v});
}

}  // namespace stx
