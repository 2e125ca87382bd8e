// Forward kernels of shared_kv_attention.cuh, which explains the mapping.
#pragma once

#include <cmath>
#include <limits>

#include "stx/backend/shared_kv_attention.hpp"
#include "stx/math/elementary.hpp"
#include "stx_kernels/detail/attention_tile.cuh"

namespace stx::kernels {

/// largest_and_inverse (rows x n_heads x 2, or null) receives the largest score and 1 /
/// denominator.
template <class T>
__global__ void shared_kv_attention_fwd_rows_per_warp_kernel(SharedKvAttentionForward<T> p,
                                                             const StepState* state,
                                                             T* largest_and_inverse, T scale,
                                                             bool aligned) {
  const SharedKvWarp<T> at(p.width, p.n_heads, blockIdx.y, aligned);
  const HeadSlice& head = at.head;
  const AttentionShared<T>& shared = at.shared;
  const std::int64_t first_row = at.first_row;
  const int lane = at.lane;
  Quad<T>* q = at.load_rows(0, p.q, p.rows);
  Quad<T>* acc = at.clear_rows(1);
  Quad<T>* shares = shared.warp_shares();
  T largest[attention_rows], sum[attention_rows], correction[attention_rows];
#pragma unroll
  for (int r = 0; r < attention_rows; ++r) {
    largest[r] = -std::numeric_limits<T>::infinity();
    sum[r] = 0;
  }

  for (std::int64_t first_key = 0; first_key < p.n_keys; first_key += attention_keys) {
    __syncthreads();  // the last tile may still be read
    at.load_tile(0, p.k, first_key, p.n_keys);
    at.load_tile(1, p.v, first_key, p.n_keys);
    __syncthreads();
    const bool valid = first_key + lane < p.n_keys;
    T score[attention_rows];
    at.dots(score, 0, q);
    Quad<T> share;
#pragma unroll
    for (int r = 0; r < attention_rows; ++r) {
      // Scaled after the subtraction: the difference of two close scores is exact.
      const T s = valid ? score[r] : -std::numeric_limits<T>::infinity();
      const T before = largest[r];
      const T tile_largest = warp_max(s);
      largest[r] = before < tile_largest ? tile_largest : before;
      // Past the last key explicitly zero: math::exp never returns it.
      const T e = valid ? math::exp(scale * (s - largest[r])) : T(0);
      correction[r] = first_key == 0 ? T(0) : math::exp(scale * (before - largest[r]));
      sum[r] = sum[r] * correction[r] + warp_sum(e);
      share.v[r] = e;
    }
    if (p.dropout.active())
      drop_shares(share, state, p.dropout, first_row, p.n_heads, blockIdx.y, first_key + lane);
    shares[lane] = share;
    __syncwarp();
    add_weighted_tile(acc, correction, shares, shared.tile(1), shared.stride, head.quads, lane);
    __syncwarp();  // shares are rewritten by the next tile
  }
  Quad<T> inverse;
#pragma unroll
  for (int r = 0; r < attention_rows; ++r) inverse.v[r] = p.n_keys > 0 ? T(1) / sum[r] : T(0);
  __syncwarp();
#pragma unroll
  for (int r = 0; r < attention_rows; ++r) {
    const std::int64_t row = first_row + r;
    if (row >= p.rows) break;
    if (lane == 0) {
      const std::int64_t score_row = row * p.n_heads + blockIdx.y;
      p.lse[score_row] = scale * largest[r] + std::log(sum[r]);
      if (largest_and_inverse != nullptr) {
        largest_and_inverse[2 * score_row] = largest[r];
        largest_and_inverse[2 * score_row + 1] = inverse.v[r];
      }
    }
    if (p.out == nullptr) continue;
    for (int c = lane; c < head.quads; c += warp_lanes) {
      Quad<T> value = acc[r * head.quads + c];
#pragma unroll
      for (int e = 0; e < quad_size; ++e) value.v[e] *= inverse.v[r];
      store_quad(p.out + row * p.width + head.offset, c * quad_size, head.dim, aligned, value);
    }
  }
}

/// weights[row][key] = mean over heads; the same tiles, all heads of a row in one block. (Not from
/// lse: its rounding is relative to the score, that of a difference of scores is not.)
template <class T>
__global__ void shared_kv_attention_weights_fwd_rows_per_warp_kernel(SharedKvAttentionForward<T> p,
                                                                     const T* largest_and_inverse,
                                                                     T scale, bool aligned) {
  const SharedKvWarp<T> first_head(p.width, p.n_heads, 0, aligned);
  const std::int64_t first_row = first_head.first_row;
  const int lane = first_head.lane;
  const T share = T(1) / static_cast<T>(p.n_heads);
  for (std::int64_t first_key = 0; first_key < p.n_keys; first_key += attention_keys) {
    T weight[attention_rows] = {};
    for (int h = 0; h < p.n_heads; ++h) {
      const SharedKvWarp<T> at(p.width, p.n_heads, h, aligned);
      __syncthreads();
      const Quad<T>* q = at.load_rows(0, p.q, p.rows);
      at.load_tile(0, p.k, first_key, p.n_keys);
      __syncthreads();
      T score[attention_rows];
      at.dots(score, 0, q);
#pragma unroll
      for (int r = 0; r < attention_rows; ++r) {
        if (first_row + r >= p.rows) break;
        const T* known = largest_and_inverse + 2 * ((first_row + r) * p.n_heads + h);
        weight[r] += share * (math::exp(scale * (score[r] - known[0])) * known[1]);
      }
    }
    const std::int64_t key = first_key + lane;
#pragma unroll
    for (int r = 0; r < attention_rows; ++r)
      if (first_row + r < p.rows && key < p.n_keys)
        p.weights[(first_row + r) * p.n_keys + key] = weight[r];
  }
}

}  // namespace stx::kernels
