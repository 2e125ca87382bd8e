// Launches of attention.cuh, for all ops that are attention.
#pragma once

#include "stx_kernels/detail/attention_means.cuh"
#include "stx_kernels/detail/multi_head_backward.cuh"
#include "stx_kernels/detail/multi_head_forward.cuh"
#include "stx_kernels/detail/one_tile_backward.cuh"
#include "stx_kernels/detail/one_tile_forward.cuh"

namespace stx::kernels {

/// `op` is the name in messages.
template <class T>
void launch_attention_forward(Context<Cuda>& ctx, std::string_view op, const AttentionForward<T>& p) {
  const AttentionInputs<T>& in = p.in;
  const bool aligned = head_rows_aligned(in.head_dim, in.q, in.k, in.v, HeadRows<T>{p.out, in.width()});
  if (one_tile_forward(ctx, p, aligned)) return;
  const AttentionBlock block(ctx, op, in.head_dim, sizeof(T));
  cuda::launch(ctx, attention_fwd_rows_per_warp_kernel<T>, attention_grid(in, block, in.n_queries, in.batch),
               block.threads, block.shared_bytes, p, ctx.step_state(), aligned);
}

/// grad_q, grad_k and grad_v of any number of keys.
template <class T>
void launch_row_gradients(Context<Cuda>& ctx, std::string_view op, const AttentionGradients<T>& g) {
  const AttentionBackward<T>& p = g.args;
  const AttentionInputs<T>& in = p.in;
  if (p.grad_q.data != nullptr) {
    const AttentionBlock block(ctx, op, in.head_dim, sizeof(T), attention_query_warp);
    cuda::launch(ctx, attention_bwd_queries_per_warp_kernel<T>, attention_grid(in, block, in.n_queries, in.batch),
                 block.threads, block.shared_bytes, g);
  }
  if (p.grad_k.data != nullptr || p.grad_v.data != nullptr) {
    const AttentionBlock block(ctx, op, in.head_dim, sizeof(T), attention_key_warp);
    dim3 grid = attention_grid(in, block, in.n_keys, in.batch);
    // Four blocks for each of 128 processors.
    const std::int64_t blocks = static_cast<std::int64_t>(grid.x) * grid.y;
    sum_over_chunks(ctx, p, query_chunks(in, attention_keys, blocks, 512), [&](const QueryChunks<T>& chunks) {
      grid.z = static_cast<unsigned>(chunks.count);
      cuda::launch(ctx, attention_bwd_keys_per_warp_kernel<T>, grid, block.threads, block.shared_bytes, g, chunks);
    });
  }
}

/// `grad_weights`: AttentionGradients::grad_weights.
template <class T>
void launch_attention_backward(Context<Cuda>& ctx, std::string_view op, const AttentionBackward<T>& p,
                               const T* grad_weights = nullptr) {
  const AttentionInputs<T>& in = p.in;
  AttentionGradients<T> g{p, grad_weights, ctx.step_state(),
                          head_rows_aligned(in.head_dim, in.q, in.k, in.v, p.grad_q, p.grad_k, p.grad_v,
                                            HeadRows<const T>{p.grad_out, in.width()})};
  const bool done = one_tile_backward(ctx, g);
  if (done && p.grad_bias == nullptr) return;
  g.mean = attention_means(ctx, op, g);
  if (!done) launch_row_gradients(ctx, op, g);
  if (p.grad_bias != nullptr) {
    const AttentionBlock block(ctx, op, in.head_dim, sizeof(T));
    dim3 grid = attention_grid(in, block, in.n_queries, 1);
    grid.z = cuda::blocks_for(in.n_keys, attention_keys);
    cuda::launch(ctx, attention_bwd_bias_tile_per_block_kernel<T>, grid, block.threads, block.shared_bytes, g);
  }
}

}  // namespace stx::kernels
