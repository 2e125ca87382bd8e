// Multi-head attention of any number of queries and keys; docs/kernels/attention.md has the
// figures.
//
// A block of warps owns one head of one batch element and 4 queries per warp; tiles of 32 keys and
// values lie in shared memory. For scores a lane owns a key and multiplies it with the warp's 4
// queries; for sums over keys a lane owns four of the head's dimensions. The softmax is kept as a
// running maximum and sum. Backward: one such pass for the queries, one with the roles turned (4
// keys per warp, tiles of 32 queries) for keys and values, and where the bias learns one more that
// loops over the batch. Each recomputes the weights from lse, so nothing of size queries x keys is
// stored and every sum has one owner. Per query, key and dimension: 4 FLOP forward, 14 backward;
// operands are read once per tile of 16 rows: bound by FP32 arithmetic and shared memory bandwidth.
#pragma once

#include <cmath>

#include "stx/backend/attention.hpp"
#include "stx/backend/cuda/launch.cuh"
#include "stx_kernels/detail/head_dots.cuh"
#include "stx_kernels/detail/multi_head_backward.cuh"
#include "stx_kernels/detail/multi_head_forward.cuh"

namespace stx {

namespace kernels {

/// Blocks for tiles of rows within batch elements, and heads.
template <class T>
dim3 attention_grid(const AttentionInputs<T>& in, const AttentionBlock& block, std::int64_t rows,
                    std::int64_t batch) {
  return dim3(static_cast<unsigned>(batch) * cuda::blocks_for(rows, block.rows()),
              static_cast<unsigned>(in.n_heads));
}

}  // namespace kernels

template <class T>
void attention_forward(Context<Cuda>& ctx, const AttentionForward<T>& p) {
  const AttentionInputs<T>& in = p.in;
  const kernels::AttentionBlock block(ctx, "attention", in.head_dim, sizeof(T));
  const bool aligned =
      kernels::head_rows_aligned(in.head_dim, in.q, in.k, in.v, HeadRows<T>{p.out, in.width()});
  cuda::launch(ctx, kernels::attention_fwd_rows_per_warp_kernel<T>,
               kernels::attention_grid(in, block, in.n_queries, in.batch), block.threads,
               block.shared_bytes, p, ctx.step_state(), aligned);
}

template <class T>
void attention_backward(Context<Cuda>& ctx, const AttentionBackward<T>& p) {
  const AttentionInputs<T>& in = p.in;
  const bool aligned =
      kernels::head_rows_aligned(in.head_dim, in.q, in.k, in.v, p.grad_q, p.grad_k, p.grad_v,
                                 HeadRows<const T>{p.grad_out, in.width()});
  const std::int64_t query_rows = in.batch * in.n_queries;
  T* mean = ctx.step_arena().template allocate<T>(query_rows * in.n_heads);
  kernels::head_dots(ctx, kernels::HeadDots<T>{.x = p.grad_out,
                                               .y = p.out,
                                               .out = mean,
                                               .rows = query_rows,
                                               .n_heads = in.n_heads,
                                               .dim = in.head_dim});
  if (p.grad_q.data != nullptr) {
    const kernels::AttentionBlock block(ctx, "attention", in.head_dim, sizeof(T),
                                        kernels::attention_query_warp);
    cuda::launch(ctx, kernels::attention_bwd_queries_per_warp_kernel<T>,
                 kernels::attention_grid(in, block, in.n_queries, in.batch), block.threads,
                 block.shared_bytes, p, mean, ctx.step_state(), aligned);
  }
  if (p.grad_k.data != nullptr || p.grad_v.data != nullptr) {
    const kernels::AttentionBlock block(ctx, "attention", in.head_dim, sizeof(T),
                                        kernels::attention_key_warp);
    cuda::launch(ctx, kernels::attention_bwd_keys_per_warp_kernel<T>,
                 kernels::attention_grid(in, block, in.n_keys, in.batch), block.threads,
                 block.shared_bytes, p, mean, ctx.step_state(), aligned);
  }
  if (p.grad_bias != nullptr) {
    const kernels::AttentionBlock block(ctx, "attention", in.head_dim, sizeof(T));
    dim3 grid = kernels::attention_grid(in, block, in.n_queries, 1);
    grid.z = cuda::blocks_for(in.n_keys, kernels::attention_keys);
    cuda::launch(ctx, kernels::attention_bwd_bias_tile_per_block_kernel<T>, grid, block.threads,
                 block.shared_bytes, p, mean, ctx.step_state(), aligned);
  }
}

}  // namespace stx
