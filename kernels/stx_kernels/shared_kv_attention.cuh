// Attention of many rows to keys and values that all of them share: attention.cuh with one batch
// element, whose gradients of keys and values are summed over chunks of rows.
//
// The mean over heads of the weights, where asked for, has a kernel of its own: a warp owns 4 rows,
// a lane a key of each tile. 2 head_dim FLOP per row, head and key (4 where there are more than 32
// keys), 4 bytes written per row and key and 8 more for each further head: bound by shared memory
// bandwidth. Its gradient is taken along by the backward kernels; with more than 64 keys it needs
// one pass more, for the means.
#pragma once

#include <cmath>

#include "stx/backend/shared_kv_attention.hpp"
#include "stx_kernels/detail/mean_weights.cuh"
#include "stx_kernels/detail/multi_head_launch.cuh"

namespace stx {
namespace kernels {

/// The common part of SharedKvAttentionForward and SharedKvAttentionBackward.
template <class T, class Args>
AttentionInputs<T> shared_kv_inputs(const Args& p) {
  const std::int64_t head_dim = p.width / p.n_heads;
  return AttentionInputs<T>{.q = {p.q, p.width},
                            .k = {p.k, p.width},
                            .v = {p.v, p.width},
                            .n_queries = p.rows,
                            .n_keys = p.n_keys,
                            .n_heads = p.n_heads,
                            .head_dim = head_dim,
                            .scale = T(1) / std::sqrt(static_cast<T>(head_dim)),
                            .dropout = p.dropout};
}

}  // namespace kernels

template <class T>
void shared_kv_attention_forward(Context<Cuda>& ctx, const SharedKvAttentionForward<T>& p) {
  const AttentionInputs<T> in = kernels::shared_kv_inputs<T>(p);
  kernels::launch_attention_forward(ctx, "shared_kv_attention",
                                    AttentionForward<T>{.in = in, .out = p.out, .lse = p.lse});
  if (p.weights == nullptr) return;
  const kernels::AttentionBlock block(ctx, "shared_kv_attention", in.head_dim, sizeof(T), kernels::mean_weights_warp);
  cuda::launch(ctx, kernels::shared_kv_attention_weights_fwd_rows_per_warp_kernel<T>,
               dim3(cuda::blocks_for(p.rows, block.rows())), block.threads, block.shared_bytes, in, p.weights,
               kernels::head_rows_aligned(in.head_dim, in.q, in.k));
}

template <class T>
void shared_kv_attention_backward(Context<Cuda>& ctx, const SharedKvAttentionBackward<T>& p) {
  kernels::launch_attention_backward(ctx, "shared_kv_attention",
                                     AttentionBackward<T>{.in = kernels::shared_kv_inputs<T>(p),
                                                          .grad_out = p.grad_out,
                                                          .out = p.out,
                                                          .lse = p.lse,
                                                          .grad_q = {p.grad_q, p.width},
                                                          .grad_k = {p.grad_k, p.width},
                                                          .grad_v = {p.grad_v, p.width},
                                                          .write_q = p.write_q,
                                                          .write_k = p.write_k,
                                                          .write_v = p.write_v},
                                     p.grad_weights);
}

}  // namespace stx
