// Backward kernel of attention to at most 64 keys; one_tile.cuh says who owns what of the scores.
#pragma once

#include "stx_kernels/detail/one_tile.cuh"

namespace stx::kernels {

/// Shared memory of a block: keys and values in their places; rows of a tile of as many queries, of
/// their gradients, of the gradients of their scores and of their shares after dropout.
template <int key_tiles, class T>
struct OneTileShared {
  static constexpr int keys = 32 * key_tiles, warps = 4 * key_tiles;
  static constexpr int share_stride = odd(lane_columns * key_tiles);
  int stride;
  Quad<T>*k, *v, *q, *grad_out, *grad_scores, *kept;

  __device__ explicit OneTileShared(int quads)
      : stride(odd(quads)), k(shared_memory<Quad<T>>()), v(k + keys * stride), q(v + keys * stride),
        grad_out(q + keys * stride), grad_scores(grad_out + keys * stride), kept(grad_scores + keys * share_stride) {}
  static std::size_t bytes(int quads) {
    return sizeof(Quad<T>) * static_cast<std::size_t>(4 * keys * odd(quads) + 2 * keys * share_stride);
  }
};

/// grad_scores and kept of the warp's 8 queries, of which a lane owns two.
template <int key_tiles, class T>
__device__ inline void one_tile_grad_scores(const AttentionGradients<T>& g, const OneTileShared<key_tiles, T>& shared,
                                            const AttentionPlace& at, const LaneKeys<key_tiles, T>& keys, int quads) {
  constexpr int rows = 2, columns = quad_size * key_tiles;
  const AttentionInputs<T>& in = g.args.in;
  const TileLane lane;
  const int first = static_cast<int>(threadIdx.y) * rows * lane_rows + lane.row;
  const int stride = shared.stride;
  const T head_share = T(1) / static_cast<T>(in.n_heads);
  T share[rows][columns] = {}, grad[rows][columns] = {};
  add_dots(share, shared.q + first * stride, lane_rows * stride, shared.k + lane.column * stride, lane_columns * stride,
           quads);
  add_dots(grad, shared.grad_out + first * stride, lane_rows * stride, shared.v + lane.column * stride,
           lane_columns * stride, quads);
#pragma unroll
  for (int i = 0; i < rows; ++i) {
    const int row = first + lane_rows * i;
    const std::int64_t query = at.first + row;
    const T lse = query < in.n_queries ? g.args.lse[attention_row(in, at, query)] : T(0);
    const T* from_weights = key_row(g.grad_weights, at.batch, query, in.n_queries, in.n_keys);
    dots_to_scores(share[i], in.scale, key_row(in.bias, at.head, query, in.n_queries, in.n_keys), lane, keys);
    T mean = 0;
#pragma unroll
    for (int t = 0; t < key_tiles; ++t) {
      Quad<T> factor{{T(1), T(1), T(1), T(1)}}, kept;
      if (in.dropout.active())
        apply_dropout(factor, g.state, in.dropout, attention_row(in, at, query), lane.first_key(t));
#pragma unroll
      for (int e = 0; e < quad_size; ++e) {
        T &a = share[i][t * quad_size + e], &grad_a = grad[i][t * quad_size + e];
        a = math::softmax_share(a - lse);
        kept.v[e] = factor.v[e] * a;
        grad_a *= factor.v[e];
        if (from_weights != nullptr && keys.exists(t, e)) grad_a += head_share * from_weights[lane.first_key(t) + e];
        mean += a * grad_a;
      }
      shared.kept[row * shared.share_stride + t * lane_columns + lane.column] = kept;
    }
    mean = warp_sum<lane_columns>(mean);
#pragma unroll
    for (int t = 0; t < key_tiles; ++t) {
      Quad<T> score;
#pragma unroll
      for (int e = 0; e < quad_size; ++e)
        score.v[e] = in.scale * math::softmax_grad(share[i][t * quad_size + e], grad[i][t * quad_size + e], mean);
      shared.grad_scores[row * shared.share_stride + t * lane_columns + lane.column] = score;
    }
  }
}

/// grad_q of a tile, in units of 16 queries and 32 dimensions.
template <int key_tiles, class T>
__device__ inline void one_tile_grad_q(const AttentionGradients<T>& g, const OneTileShared<key_tiles, T>& shared,
                                       const AttentionPlace& at, int key_quads, int quads) {
  using Shared = OneTileShared<key_tiles, T>;
  constexpr int rows = 4, bands = Shared::keys / (rows * lane_rows);
  const AttentionInputs<T>& in = g.args.in;
  const HeadRows<T>& grad_q = g.args.grad_q;
  const TileLane lane;
  const int groups = (quads + lane_columns - 1) / lane_columns;
  for (int unit = static_cast<int>(threadIdx.y); unit < bands * groups; unit += Shared::warps) {
    const int first = unit % bands * rows * lane_rows + lane.row;
    const int c = unit / bands * lane_columns + lane.column;
    Quad<T> sum[rows] = {};
    add_weighted_keys(sum, shared.grad_scores + first * shared.share_stride, lane_rows * shared.share_stride,
                      shared.k + (c < quads ? c : 0), shared.stride, key_quads);
    if (c >= quads) continue;
#pragma unroll
    for (int i = 0; i < rows; ++i) {
      const std::int64_t query = at.first + first + lane_rows * i;
      if (query < in.n_queries)
        write_quad(grad_q.data + (at.batch * in.n_queries + query) * grad_q.stride + at.head * in.head_dim,
                   c * quad_size, in.head_dim, g.aligned, sum[i], g.args.write_q);
    }
  }
}

/// Block: a chunk of queries (blockIdx.z) of one head (y) of one batch element (x), a tile of as
/// many as there may be keys at a time. One half of the warps owns grad_k, the other grad_v: a lane
/// 4 keys and 4 of each 32 dimensions, in registers for the whole chunk.
template <int key_tiles, int dim_tiles, class T>
__global__ void __launch_bounds__(warp_lanes * 4 * key_tiles, 8 / dim_tiles / key_tiles)
    attention_bwd_one_tile_per_block_kernel(AttentionGradients<T> g, QueryChunks<T> chunks) {
  const AttentionInputs<T>& in = g.args.in;
  AttentionPlace at(blockIdx.x, blockIdx.y, blockIdx.z * chunks.rows);
  const std::int64_t end = at.first + chunks.rows < in.n_queries ? at.first + chunks.rows : in.n_queries;
  const AttentionOperands<T> operands(in, at, g.args.grad_out);
  const int quads = operands.quads();
  using Shared = OneTileShared<key_tiles, T>;
  constexpr int keys = Shared::keys, half = Shared::warps / 2;
  const Shared shared(quads);
  load_keys<keys>(shared.k, operands.k, g.aligned);
  load_keys<keys>(shared.v, operands.v, g.aligned);

  const TileLane lane;
  const LaneKeys<key_tiles, T> lane_keys(in, at.batch, lane);
  const int warp = static_cast<int>(threadIdx.y);
  const bool owns_k = warp < half;
  const int key_quad = warp % half * lane_rows + lane.row;
  const Quad<T>* weights = (owns_k ? shared.grad_scores : shared.kept) + key_quad;
  const Quad<T>* values = owns_k ? shared.q : shared.grad_out;
  Quad<T> sum[quad_size][dim_tiles] = {};
  const auto column = [&](int d) { return d * lane_columns + lane.column; };

  for (; at.first < end; at.first += keys) {
    __syncthreads();  // the last tile's rows may still be read
    load_rows(shared.q, shared.stride, operands.q, at.first, keys, g.aligned);
    load_rows(shared.grad_out, shared.stride, operands.grad_out, at.first, keys, g.aligned);
    __syncthreads();
    one_tile_grad_scores(g, shared, at, lane_keys, quads);
    __syncthreads();
    const int count = static_cast<int>(end - at.first < keys ? end - at.first : keys);
#pragma unroll 2
    for (int i = 0; i < count; ++i) {
      const Quad<T> weight = weights[i * shared.share_stride];
#pragma unroll
      for (int d = 0; d < dim_tiles; ++d) {
        const Quad<T> value = values[i * shared.stride + (column(d) < quads ? column(d) : 0)];
#pragma unroll
        for (int e = 0; e < quad_size; ++e)
#pragma unroll
          for (int f = 0; f < quad_size; ++f) sum[e][d].v[f] += weight.v[e] * value.v[f];
      }
    }
    if (g.args.grad_q.data != nullptr)
      one_tile_grad_q(g, shared, at, static_cast<int>(quads_in(operands.k.rows)), quads);
  }

  // One after the other: they may be the same columns.
  for (int turn = 0; turn < 2; ++turn) {
    __syncthreads();
    if (owns_k != (turn == 0)) continue;
#pragma unroll
    for (int e = 0; e < quad_size; ++e) {
      const std::int64_t key = key_quad * quad_size + e;
      if (key >= in.n_keys) break;
#pragma unroll
      for (int d = 0; d < dim_tiles; ++d) {
        if (column(d) >= quads) break;
        const std::int64_t row = at.batch * in.n_keys + key;
        owns_k ? chunks.write_grad_k(g, row, at.head, column(d), blockIdx.z, sum[e][d])
               : chunks.write_grad_v(g, row, at.head, column(d), blockIdx.z, sum[e][d]);
      }
    }
  }
}

template <int key_tiles, int dim_tiles, class T>
bool launch_one_tile_backward(Context<Cuda>& ctx, const AttentionGradients<T>& g) {
  using Shared = OneTileShared<key_tiles, T>;
  const AttentionInputs<T>& in = g.args.in;
  const std::size_t bytes = Shared::bytes(static_cast<int>(quads_in(in.head_dim)));
  if (!one_tile_fits(ctx, in, bytes)) return false;
  // Two blocks for each of 128 processors.
  const QueryChunks<T> chunks = query_chunks(in, Shared::keys, in.batch * in.n_heads, 256);
  sum_over_chunks(ctx, g.args, chunks, [&](const QueryChunks<T>& to) {
    cuda::launch(
        ctx, attention_bwd_one_tile_per_block_kernel<key_tiles, dim_tiles, T>,
        dim3(static_cast<unsigned>(in.batch), static_cast<unsigned>(in.n_heads), static_cast<unsigned>(to.count)),
        dim3(warp_lanes, Shared::warps), bytes, g, to);
  });
  return true;
}

/// Whether grad_q, grad_k and grad_v were a case for this path, which is then done.
template <class T>
bool one_tile_backward(Context<Cuda>& ctx, const AttentionGradients<T>& g) {
  const bool few = g.args.in.n_keys <= 32;
  if (g.args.in.head_dim <= 64)
    return few ? launch_one_tile_backward<1, 2>(ctx, g) : launch_one_tile_backward<2, 2>(ctx, g);
  return few ? launch_one_tile_backward<1, 4>(ctx, g) : launch_one_tile_backward<2, 4>(ctx, g);
}

}  // namespace stx::kernels
