// Backward kernels of attention.cuh, which explains the mapping.
#pragma once

#include "stx_kernels/detail/attention_gradients.cuh"

namespace stx::kernels {

/// Memory of a warp of each kernel: rows owned and accumulated, quads per lane of a tile.
inline constexpr AttentionWarp attention_query_warp{3, 1};
inline constexpr AttentionWarp attention_key_warp{4, 2};

/// grad_q. Block: 4 queries per warp of one head; loops over tiles of 32 keys.
template <class T>
__global__ void attention_bwd_queries_per_warp_kernel(AttentionGradients<T> g) {
  const AttentionBackward<T>& p = g.args;
  const AttentionInputs<T>& in = p.in;
  const AttentionPlace at(in.n_queries);
  const AttentionOperands<T> operands(in, at, p.grad_out);
  const int quads = operands.quads(), lane = threadIdx.x;
  const AttentionShared<T> shared(quads, attention_query_warp);
  Quad<T>* q = shared.warp_rows(0);
  Quad<T>* grad_out = shared.warp_rows(1);
  Quad<T>* acc = shared.warp_rows(2);
  Quad<T>* shares = shared.warp_shares();
  load_warp_rows(q, operands.q, at, g.aligned);
  load_warp_rows(grad_out, operands.grad_out, at, g.aligned);
  clear_warp_rows(acc, quads);
  T lse[attention_rows], row_mean[attention_rows];
#pragma unroll
  for (int r = 0; r < attention_rows; ++r) {
    const std::int64_t row = attention_row(in, at, at.first + r);
    const bool inside = at.first + r < in.n_queries;
    lse[r] = inside ? p.lse[row] : T(0);
    row_mean[r] = inside ? g.mean[row] : T(0);
  }

  const std::int64_t n_keys = operands.k.rows;
  const T no_correction[attention_rows] = {T(1), T(1), T(1), T(1)};
  for (std::int64_t first_key = 0; first_key < n_keys; first_key += attention_keys) {
    load_tiles(shared, operands.k, operands.v, first_key, g.aligned);
    const std::int64_t key = first_key + lane;
    T dot[attention_rows], value[attention_rows];
    lane_dots(dot, shared.tile(0) + lane * shared.stride, q, quads);
    lane_dots(value, shared.tile(1) + lane * shared.stride, grad_out, quads);
    Quad<T> share{{value[0], value[1], value[2], value[3]}};
    if (in.dropout.active())
      drop_shares(share, g.state, in.dropout, at.batch * in.n_queries + at.first, in.n_heads, at.head, key);
#pragma unroll
    for (int r = 0; r < attention_rows; ++r) {
      const T score = attention_score(in, at, at.first + r, key, n_keys, dot[r]);
      const T grad = share.v[r] + g.from_weights(at, at.first + r, key);
      share.v[r] = in.scale * math::softmax_grad(math::softmax_share(score - lse[r]), grad, row_mean[r]);
    }
    shares[lane] = share;
    __syncwarp();
    add_weighted_tile(acc, no_correction, shares, shared.tile(0), shared.stride, quads, lane);
    __syncwarp();  // shares are rewritten by the next tile
  }
  __syncwarp();
  for (int r = 0; r < attention_rows && at.first + r < in.n_queries; ++r) {
    T* row = p.grad_q.data + (at.batch * in.n_queries + at.first + r) * p.grad_q.stride;
    for (int c = lane; c < quads; c += warp_lanes)
      write_quad(row + operands.q.slice.offset, c * quad_size, in.head_dim, g.aligned, acc[r * quads + c], p.write_q);
  }
}

/// grad_k and grad_v. Block: 4 keys per warp of one head and a chunk of queries (blockIdx.z); loops
/// over tiles of 32 queries, of which a lane owns one.
template <class T>
__global__ void attention_bwd_keys_per_warp_kernel(AttentionGradients<T> g, QueryChunks<T> chunks) {
  const AttentionBackward<T>& p = g.args;
  const AttentionInputs<T>& in = p.in;
  const AttentionPlace at(in.n_keys);
  const AttentionOperands<T> operands(in, at, p.grad_out);
  const int quads = operands.quads(), lane = threadIdx.x;
  const AttentionShared<T> shared(quads, attention_key_warp);
  Quad<T>* k = shared.warp_rows(0);
  Quad<T>* v = shared.warp_rows(1);
  Quad<T>* acc_k = shared.warp_rows(2);
  Quad<T>* acc_v = shared.warp_rows(3);
  Quad<T>* score_shares = shared.warp_shares(0);
  Quad<T>* value_shares = shared.warp_shares(1);
  const std::int64_t n_keys = operands.k.rows;
  load_warp_rows(k, operands.k, at, g.aligned);
  load_warp_rows(v, operands.v, at, g.aligned);
  clear_warp_rows(acc_k, quads);
  clear_warp_rows(acc_v, quads);

  const T no_correction[attention_rows] = {T(1), T(1), T(1), T(1)};
  const std::int64_t begin = blockIdx.z * chunks.rows;
  const std::int64_t end = begin + chunks.rows < in.n_queries ? begin + chunks.rows : in.n_queries;
  for (std::int64_t first_query = begin; first_query < end; first_query += attention_keys) {
    load_tiles(shared, operands.q, operands.grad_out, first_query, g.aligned);
    const std::int64_t query = first_query + lane;
    const std::int64_t row = attention_row(in, at, query);
    const bool inside = query < in.n_queries;
    const T lse = inside ? p.lse[row] : T(0);
    const T row_mean = inside ? g.mean[row] : T(0);
    T dot[attention_rows], value[attention_rows];
    lane_dots(dot, shared.tile(0) + lane * shared.stride, k, quads);
    lane_dots(value, shared.tile(1) + lane * shared.stride, v, quads);
    Quad<T> factor{{T(1), T(1), T(1), T(1)}};  // four neighbouring columns of one row
    if (in.dropout.active()) apply_dropout(factor, g.state, in.dropout, row, at.first);
    Quad<T> grad_score, kept;
#pragma unroll
    for (int r = 0; r < attention_rows; ++r) {
      const T score = attention_score(in, at, query, at.first + r, n_keys, dot[r]);
      const T share = math::softmax_share(score - lse);
      kept.v[r] = factor.v[r] * share;
      const T grad = factor.v[r] * value[r] + g.from_weights(at, query, at.first + r);
      grad_score.v[r] = in.scale * math::softmax_grad(share, grad, row_mean);
    }
    score_shares[lane] = grad_score;
    value_shares[lane] = kept;
    __syncwarp();
    add_weighted_tile(acc_k, no_correction, score_shares, shared.tile(0), shared.stride, quads, lane);
    add_weighted_tile(acc_v, no_correction, value_shares, shared.tile(1), shared.stride, quads, lane);
    __syncwarp();  // shares are rewritten by the next tile
  }
  __syncwarp();
  for (int r = 0; r < attention_rows && at.first + r < in.n_keys; ++r) {
    const std::int64_t row = at.batch * in.n_keys + at.first + r;
    for (int c = lane; c < quads; c += warp_lanes) {
      chunks.write_grad_k(g, row, at.head, c, blockIdx.z, acc_k[r * quads + c]);
      chunks.write_grad_v(g, row, at.head, c, blockIdx.z, acc_v[r * quads + c]);
    }
  }
}

/// grad_bias. Block: 4 queries per warp and one tile of 32 keys (blockIdx.z) of one head; loops
/// over the batch, a lane keeps the sums of its key.
template <class T>
__global__ void attention_bwd_bias_tile_per_block_kernel(AttentionGradients<T> g) {
  const AttentionBackward<T>& p = g.args;
  const AttentionInputs<T>& in = p.in;
  AttentionPlace at(in.n_queries);
  const std::int64_t first_key = static_cast<std::int64_t>(blockIdx.z) * attention_keys;
  const int lane = threadIdx.x;
  const std::int64_t key = first_key + lane;
  T sum[attention_rows] = {};
  for (at.batch = 0; at.batch < in.batch; ++at.batch) {
    const AttentionOperands<T> operands(in, at, p.grad_out);
    const int quads = operands.quads();
    const AttentionShared<T> shared(quads);
    Quad<T>* q = shared.warp_rows(0);
    Quad<T>* grad_out = shared.warp_rows(1);
    const std::int64_t n_keys = operands.k.rows;
    __syncwarp();  // rows of the last batch element may still be read
    load_warp_rows(q, operands.q, at, g.aligned);
    load_warp_rows(grad_out, operands.grad_out, at, g.aligned);
    load_tiles(shared, operands.k, operands.v, first_key, g.aligned);
    T dot[attention_rows], value[attention_rows];
    lane_dots(dot, shared.tile(0) + lane * shared.stride, q, quads);
    lane_dots(value, shared.tile(1) + lane * shared.stride, grad_out, quads);
    Quad<T> grad_share{{value[0], value[1], value[2], value[3]}};
    if (in.dropout.active())
      drop_shares(grad_share, g.state, in.dropout, at.batch * in.n_queries + at.first, in.n_heads, at.head, key);
#pragma unroll
    for (int r = 0; r < attention_rows; ++r) {
      if (at.first + r >= in.n_queries) break;
      const std::int64_t row = attention_row(in, at, at.first + r);
      const T score = attention_score(in, at, at.first + r, key, n_keys, dot[r]);
      sum[r] += math::softmax_grad(math::softmax_share(score - p.lse[row]), grad_share.v[r], g.mean[row]);
    }
  }
#pragma unroll
  for (int r = 0; r < attention_rows; ++r)
    if (at.first + r < in.n_queries && key < in.n_keys)
      write_grad(p.grad_bias + (at.head * in.n_queries + at.first + r) * in.n_keys + key, sum[r], p.write_bias);
}

}  // namespace stx::kernels
