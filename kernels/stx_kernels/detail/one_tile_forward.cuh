// Forward kernel of attention to at most 64 keys; one_tile.cuh says who owns what.
#pragma once

#include "stx_kernels/detail/one_tile.cuh"

namespace stx::kernels {

inline constexpr int one_tile_forward_warps = 4;
inline constexpr int one_tile_forward_rows = 16;  ///< of a warp, at a time

/// What a warp has to itself: rows of queries, then in their place the shares.
__host__ __device__ constexpr int one_tile_row_stride(int quads, int key_tiles) {
  return odd(quads < 8 * key_tiles ? 8 * key_tiles : quads);
}

/// Block: a chunk of queries (blockIdx.z) of one head (y) of one batch element (x), 16 of them per
/// warp at a time. Per 4 dimensions a lane reads 4 + 4 key_tiles quads for 64 key_tiles FMA.
template <int key_tiles, class T>
__global__ void __launch_bounds__(warp_lanes* one_tile_forward_warps, 4)
    attention_fwd_one_tile_per_block_kernel(AttentionForward<T> p, const StepState* state, std::int64_t chunk_rows,
                                            bool aligned) {
  constexpr int keys = 32 * key_tiles, rows = one_tile_forward_rows / lane_rows;
  const AttentionInputs<T>& in = p.in;
  AttentionPlace at(blockIdx.x, blockIdx.y, blockIdx.z * chunk_rows);
  const std::int64_t end = at.first + chunk_rows < in.n_queries ? at.first + chunk_rows : in.n_queries;
  const AttentionOperands<T> operands(in, at);
  const TileLane lane;
  const LaneKeys<key_tiles, T> lane_keys(in, at.batch, lane);
  const int quads = operands.quads(), stride = odd(quads);
  const int row_stride = one_tile_row_stride(quads, key_tiles);
  const int key_quads = static_cast<int>(quads_in(operands.k.rows));
  Quad<T>* k = shared_memory<Quad<T>>();
  Quad<T>* v = k + keys * stride;
  Quad<T>* own = v + keys * stride + threadIdx.y * one_tile_forward_rows * row_stride;
  load_keys<keys>(k, operands.k, aligned);
  load_keys<keys>(v, operands.v, aligned);
  __syncthreads();

  at.first += threadIdx.y * one_tile_forward_rows;
  for (; at.first < end; at.first += one_tile_forward_warps * one_tile_forward_rows) {
    __syncwarp();  // the shares of the last rows may still be read
    load_head_rows(own, row_stride, operands.q.data, at.first, one_tile_forward_rows, operands.q.rows, operands.q.slice,
                   static_cast<int>(threadIdx.x), warp_lanes, aligned);
    __syncwarp();
    T score[rows][quad_size * key_tiles] = {};
    add_dots(score, own + lane.row * row_stride, lane_rows * row_stride, k + lane.column * stride,
             lane_columns * stride, quads);
    __syncwarp();
#pragma unroll
    for (int i = 0; i < rows; ++i) {
      const int row = lane.row + lane_rows * i;
      const std::int64_t query = at.first + row;
      dots_to_scores(score[i], in.scale, key_row(in.bias, at.head, query, in.n_queries, in.n_keys), lane, lane_keys);
      T largest = score[i][0], sum = 0;
#pragma unroll
      for (int j = 1; j < quad_size * key_tiles; ++j) largest = largest < score[i][j] ? score[i][j] : largest;
      const T reference = math::softmax_reference(warp_max<lane_columns>(largest));
#pragma unroll
      for (int j = 0; j < quad_size * key_tiles; ++j) {
        score[i][j] = math::softmax_share(score[i][j] - reference);
        sum += score[i][j];
      }
      sum = warp_sum<lane_columns>(sum);
      const T inverse = sum == T(0) ? T(0) : T(1) / sum;
      if (lane.column == 0 && query < in.n_queries)
        p.lse[attention_row(in, at, query)] = sum == T(0) ? T(0) : reference + std::log(sum);
      T* weights = key_row(p.weights, at.batch * in.n_heads + at.head, query, in.n_queries, in.n_keys);
#pragma unroll
      for (int t = 0; t < key_tiles; ++t) {
        Quad<T> share;
#pragma unroll
        for (int e = 0; e < quad_size; ++e) share.v[e] = score[i][t * quad_size + e] * inverse;
        if (weights != nullptr) store_quad(weights, lane.first_key(t), in.n_keys, false, share);
        if (in.dropout.active())
          apply_dropout(share, state, in.dropout, attention_row(in, at, query), lane.first_key(t));
        own[row * row_stride + t * lane_columns + lane.column] = share;
      }
    }
    __syncwarp();
    for (int first = 0; first < quads; first += lane_columns) {
      const int c = first + lane.column;
      Quad<T> out[rows] = {};
      add_weighted_keys(out, own + lane.row * row_stride, lane_rows * row_stride, v + (c < quads ? c : 0), stride,
                        key_quads);
      if (c >= quads) continue;
#pragma unroll
      for (int i = 0; i < rows; ++i) {
        const std::int64_t query = at.first + lane.row + lane_rows * i;
        if (query < in.n_queries)
          store_quad(p.out + attention_row(in, at, query) * in.head_dim, c * quad_size, in.head_dim, aligned, out[i]);
      }
    }
  }
}

template <int key_tiles, class T>
bool launch_one_tile_forward(Context<Cuda>& ctx, const AttentionForward<T>& p, bool aligned) {
  const AttentionInputs<T>& in = p.in;
  const int quads = static_cast<int>(quads_in(in.head_dim));
  const std::size_t bytes = sizeof(Quad<T>) * static_cast<std::size_t>(2 * 32 * key_tiles * odd(quads) +
                                                                       one_tile_forward_warps * one_tile_forward_rows *
                                                                           one_tile_row_stride(quads, key_tiles));
  if (!one_tile_fits(ctx, in, bytes)) return false;
  // Keys and values are loaded once for as many queries as leave four blocks to a processor.
  const QueryChunks<T> chunks =
      query_chunks(in, one_tile_forward_warps * one_tile_forward_rows, in.batch * in.n_heads, 512);
  if (in.n_queries > 0)
    cuda::launch(
        ctx, attention_fwd_one_tile_per_block_kernel<key_tiles, T>,
        dim3(static_cast<unsigned>(in.batch), static_cast<unsigned>(in.n_heads), static_cast<unsigned>(chunks.count)),
        dim3(warp_lanes, one_tile_forward_warps), bytes, p, ctx.step_state(), chunks.rows, aligned);
  return true;
}

/// Whether it was a case for this path, which is then done.
template <class T>
bool one_tile_forward(Context<Cuda>& ctx, const AttentionForward<T>& p, bool aligned) {
  return p.in.n_keys <= 32 ? launch_one_tile_forward<1>(ctx, p, aligned) : launch_one_tile_forward<2>(ctx, p, aligned);
}

}  // namespace stx::kernels
