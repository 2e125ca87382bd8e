// Forward kernel of attention.cuh, which explains the mapping.
#pragma once

#include "stx_kernels/detail/attention_scores.cuh"

namespace stx::kernels {

/// Block: 4 queries per warp of one head; loops over tiles of 32 keys with a running softmax.
template <class T>
__global__ void attention_fwd_rows_per_warp_kernel(AttentionForward<T> p, const StepState* state, bool aligned) {
  const AttentionInputs<T>& in = p.in;
  const AttentionPlace at(in.n_queries);
  const AttentionOperands<T> operands(in, at);
  const int quads = operands.quads(), lane = threadIdx.x;
  const AttentionShared<T> shared(quads);
  Quad<T>* q = shared.warp_rows(0);
  Quad<T>* acc = shared.warp_rows(1);
  Quad<T>* shares = shared.warp_shares();
  load_warp_rows(q, operands.q, at, aligned);
  clear_warp_rows(acc, quads);
  WarpSoftmax<T> softmax[attention_rows];
  T correction[attention_rows];
  const auto weight_at = [&](int r, std::int64_t key) -> T& {
    const std::int64_t row = (at.batch * in.n_heads + at.head) * in.n_queries + at.first + r;
    return p.weights[row * in.n_keys + key];
  };

  const std::int64_t n_keys = operands.k.rows;
  for (std::int64_t first_key = 0; first_key < n_keys; first_key += attention_keys) {
    load_tiles(shared, operands.k, operands.v, first_key, aligned);
    const std::int64_t key = first_key + lane;
    T dot[attention_rows];
    lane_dots(dot, shared.tile(0) + lane * shared.stride, q, quads);
    Quad<T> share;
#pragma unroll
    for (int r = 0; r < attention_rows; ++r) {
      const T score = attention_score(in, at, at.first + r, key, n_keys, dot[r]);
      if (p.weights != nullptr && at.first + r < in.n_queries && key < n_keys) weight_at(r, key) = score;
      correction[r] = softmax[r].add(score, share.v[r]);
    }
    if (in.dropout.active())
      drop_shares(share, state, in.dropout, at.batch * in.n_queries + at.first, in.n_heads, at.head, key);
    shares[lane] = share;
    __syncwarp();
    add_weighted_tile(acc, correction, shares, shared.tile(1), shared.stride, quads, lane);
    __syncwarp();  // shares are rewritten by the next tile
  }

  __syncwarp();
#pragma unroll
  for (int r = 0; r < attention_rows; ++r) {
    if (at.first + r >= in.n_queries) break;
    const T inverse = softmax[r].inverse();
    if (lane == 0) p.lse[attention_row(in, at, at.first + r)] = softmax[r].lse();
    T* out = p.out + attention_row(in, at, at.first + r) * in.head_dim;
    for (int c = lane; c < quads; c += warp_lanes) {
      Quad<T> value = acc[r * quads + c];
#pragma unroll
      for (int e = 0; e < quad_size; ++e) value.v[e] *= inverse;
      store_quad(out, c * quad_size, in.head_dim, aligned, value);
    }
    if (p.weights == nullptr) continue;
    for (std::int64_t key = lane; key < in.n_keys; key += warp_lanes)  // scores of this same lane
      weight_at(r, key) = key < n_keys ? softmax[r].share_of(weight_at(r, key)) * inverse : T(0);
  }
}

}  // namespace stx::kernels
