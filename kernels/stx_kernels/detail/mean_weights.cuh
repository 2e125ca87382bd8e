// Forward kernel of shared_kv_attention.cuh for the mean over heads of the weights.
#pragma once

#include "stx_kernels/detail/attention_scores.cuh"

namespace stx::kernels {

inline constexpr AttentionWarp mean_weights_warp{1, 0};

/// weights (n_queries x n_keys) of one batch element. Block: 4 queries per warp; for one head after
/// the other all tiles of 32 keys twice: for the sums of the softmax, then for its shares, which
/// the lane that owns the key adds up in `weights`. A single tile's scores are still there the
/// second time. (Not from lse: its rounding is relative to the score, that of a difference of
/// scores is not.)
template <class T>
__global__ void shared_kv_attention_weights_fwd_rows_per_warp_kernel(AttentionInputs<T> in, T* weights, bool aligned) {
  AttentionPlace at(in.n_queries);
  const int lane = threadIdx.x;
  const T part = T(1) / static_cast<T>(in.n_heads);
  for (at.head = 0; at.head < in.n_heads; ++at.head) {
    const AttentionOperands<T> operands(in, at);
    const AttentionShared<T> shared(operands.quads(), mean_weights_warp);
    Quad<T>* q = shared.warp_rows(0);
    __syncwarp();  // queries of the last head may still be read
    load_warp_rows(q, operands.q, at, aligned);
    WarpSoftmax<T> softmax[attention_rows];
    T score[attention_rows];
    const auto score_tile = [&](std::int64_t first_key) {
      load_tile(shared, operands.k, first_key, aligned);
      T dot[attention_rows];
      lane_dots(dot, shared.tile(0) + lane * shared.stride, q, operands.quads());
#pragma unroll
      for (int r = 0; r < attention_rows; ++r)
        score[r] = attention_score(in, at, at.first + r, first_key + lane, in.n_keys, dot[r]);
    };
    for (std::int64_t first_key = 0; first_key < in.n_keys; first_key += attention_keys) {
      score_tile(first_key);
      T share;
#pragma unroll
      for (int r = 0; r < attention_rows; ++r) softmax[r].add(score[r], share);
    }
    for (std::int64_t first_key = 0; first_key < in.n_keys; first_key += attention_keys) {
      if (in.n_keys > attention_keys) score_tile(first_key);
      const std::int64_t key = first_key + lane;
#pragma unroll
      for (int r = 0; r < attention_rows; ++r) {
        if (at.first + r >= in.n_queries || key >= in.n_keys) continue;
        T& weight = weights[(at.first + r) * in.n_keys + key];
        const T before = at.head == 0 ? T(0) : weight;
        weight = before + part * (softmax[r].share_of(score[r]) * softmax[r].inverse());
      }
    }
  }
}

}  // namespace stx::kernels
