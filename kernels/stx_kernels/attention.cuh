// Multi-head attention of any number of queries and keys; docs/kernels/attention.md has the
// figures.
//
// Many keys (detail/multi_head_*.cuh): a block of warps owns one head of one batch element and 4
// queries per warp; tiles of 32 keys and values lie in shared memory. For scores a lane owns a key
// and multiplies it with the warp's 4 queries; for sums over keys a lane owns four of the head's
// dimensions. The softmax is kept as a running maximum and sum. Backward: one such pass for the
// queries, one with the roles turned (4 keys per warp, tiles of 32 queries) for keys and values, and
// where the bias learns one more that loops over the batch. Each recomputes the weights from lse, so
// nothing of size queries x keys is stored and every sum has one owner; few keys of many queries are
// summed over chunks of queries, which sum_partials adds in order. Per query, key and dimension: 4
// FLOP forward, 14 backward; operands are read once per tile of 16 rows: bound by shared memory
// bandwidth and FP32 arithmetic.
//
// At most 64 keys of at most 128 dimensions (detail/one_tile*.cuh): a head's keys and values lie in
// shared memory once per block, all scores of a query in registers. Forward: 16 queries per warp, no
// running maximum. Backward: one kernel with five products, 10 FLOP, for a chunk of queries of one
// head; grad_k and grad_v stay in registers. Every operand is read once: 16 to 21 FMA per quad read
// from shared memory, bound by FP32 arithmetic, with one small head by memory.
#pragma once

#include "stx_kernels/detail/multi_head_launch.cuh"

namespace stx {

template <class T>
void attention_forward(Context<Cuda>& ctx, const AttentionForward<T>& p) {
  kernels::launch_attention_forward(ctx, "attention", p);
}

template <class T>
void attention_backward(Context<Cuda>& ctx, const AttentionBackward<T>& p) {
  kernels::launch_attention_backward(ctx, "attention", p);
}

}  // namespace stx
