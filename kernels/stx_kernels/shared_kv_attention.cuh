// Attention of many rows to keys and values that all of them share.
//
// A block of warps owns one head of 4 rows per warp; tiles of 32 keys and values lie in shared memory.
// For scores a lane owns a key and multiplies it with the warp's 4 rows; for sums over keys a lane owns
// four of the head's dimensions. Softmax is computed online, so any number of keys fits.
// Forward: per row and key 4 head_dim FLOP; q is read and out written once: bound by FP32 arithmetic and
// shared memory bandwidth, for few keys by memory bandwidth.
// Backward: the row kernel recomputes the weights from lse and leaves dropped weights and score
// gradients in scratch; the key kernel sums them against q and grad_out over fixed chunks of rows, and
// sum_partials adds the chunks in order. 10 head_dim FLOP per row and key.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "stx/backend/cuda/launch.cuh"
#include "stx/backend/shared_kv_attention.hpp"
#include "stx/math/elementary.hpp"
#include "stx_kernels/detail/attention_tile.cuh"
#include "stx_kernels/detail/dropout.cuh"
#include "stx_kernels/detail/sum_partials.cuh"

namespace stx {
namespace kernels {

/// largest_and_inverse (rows x n_heads x 2, or null) receives the largest score and 1 / denominator.
template <class T>
__global__ void shared_kv_attention_fwd_rows_per_warp_kernel(SharedKvAttentionForward<T> p, const StepState* state,
                                                             T* largest_and_inverse, T scale, bool aligned) {
  const HeadSlice head(p.width, p.n_heads, blockIdx.y);
  const AttentionShared<T> shared(head.quads, 2);
  const std::int64_t first_row = (static_cast<std::int64_t>(blockIdx.x) * blockDim.y + threadIdx.y) * attention_rows;
  const int lane = threadIdx.x;
  Quad<T>* q = shared.warp_rows(0);
  Quad<T>* acc = shared.warp_rows(1);
  Quad<T>* shares = shared.warp_shares();
  load_head_rows(q, head.quads, p.q, first_row, attention_rows, p.rows, head, lane, warp_lanes, aligned);
  for (int i = lane; i < attention_rows * head.quads; i += warp_lanes) acc[i] = Quad<T>{};
  T largest[attention_rows], sum[attention_rows], correction[attention_rows];
#pragma unroll
  for (int r = 0; r < attention_rows; ++r) {
    largest[r] = -std::numeric_limits<T>::infinity();
    sum[r] = 0;
  }

  for (std::int64_t first_key = 0; first_key < p.n_keys; first_key += attention_keys) {
    __syncthreads();  // the last tile may still be read
    shared.load_tile(0, p.k, first_key, p.n_keys, head, aligned);
    shared.load_tile(1, p.v, first_key, p.n_keys, head, aligned);
    __syncthreads();
    const bool valid = first_key + lane < p.n_keys;
    T score[attention_rows];
    lane_dots(score, shared.tile(0) + lane * shared.stride, q, head.quads);
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
    if (p.dropout.active()) drop_shares(share, state, p.dropout, first_row, p.n_heads, blockIdx.y, first_key + lane);
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
      const std::int64_t at = row * p.n_heads + blockIdx.y;
      p.lse[at] = scale * largest[r] + std::log(sum[r]);
      if (largest_and_inverse != nullptr) {
        largest_and_inverse[2 * at] = largest[r];
        largest_and_inverse[2 * at + 1] = inverse.v[r];
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

/// weights[row][key] = mean over heads; the same tiles, all heads of a row in one block. (Not from lse:
/// its rounding is relative to the score, that of a difference of scores is not.)
template <class T>
__global__ void shared_kv_attention_weights_fwd_rows_per_warp_kernel(SharedKvAttentionForward<T> p,
                                                                     const T* largest_and_inverse, T scale,
                                                                     bool aligned) {
  const std::int64_t first_row = (static_cast<std::int64_t>(blockIdx.x) * blockDim.y + threadIdx.y) * attention_rows;
  const int lane = threadIdx.x;
  const T share = T(1) / static_cast<T>(p.n_heads);
  for (std::int64_t first_key = 0; first_key < p.n_keys; first_key += attention_keys) {
    T weight[attention_rows] = {};
    for (int h = 0; h < p.n_heads; ++h) {
      const HeadSlice head(p.width, p.n_heads, h);
      const AttentionShared<T> shared(head.quads, 2);
      Quad<T>* q = shared.warp_rows(0);
      __syncthreads();
      load_head_rows(q, head.quads, p.q, first_row, attention_rows, p.rows, head, lane, warp_lanes, aligned);
      shared.load_tile(0, p.k, first_key, p.n_keys, head, aligned);
      __syncthreads();
      T score[attention_rows];
      lane_dots(score, shared.tile(0) + lane * shared.stride, q, head.quads);
#pragma unroll
      for (int r = 0; r < attention_rows; ++r) {
        if (first_row + r >= p.rows) break;
        const T* at = largest_and_inverse + 2 * ((first_row + r) * p.n_heads + h);
        weight[r] += share * (math::exp(scale * (score[r] - at[0])) * at[1]);
      }
    }
    const std::int64_t key = first_key + lane;
#pragma unroll
    for (int r = 0; r < attention_rows; ++r)
      if (first_row + r < p.rows && key < p.n_keys) p.weights[(first_row + r) * p.n_keys + key] = weight[r];
  }
}

/// Leaves dropped weights and scaled score gradients in kept and grad_score (n_heads x rows x n_keys).
template <class T>
__global__ void shared_kv_attention_bwd_rows_per_warp_kernel(SharedKvAttentionBackward<T> p, const StepState* state,
                                                             T* kept, T* grad_score, T scale, bool aligned) {
  const HeadSlice head(p.width, p.n_heads, blockIdx.y);
  const AttentionShared<T> shared(head.quads, 2);
  const std::int64_t first_row = (static_cast<std::int64_t>(blockIdx.x) * blockDim.y + threadIdx.y) * attention_rows;
  const int lane = threadIdx.x;
  Quad<T>* q = shared.warp_rows(0);
  Quad<T>* grad_out = shared.warp_rows(1);
  Quad<T>* shares = shared.warp_shares();
  load_head_rows(q, head.quads, p.q, first_row, attention_rows, p.rows, head, lane, warp_lanes, aligned);
  load_head_rows(grad_out, head.quads, p.grad_out, first_row, attention_rows, p.grad_out != nullptr ? p.rows : 0, head,
                 lane, warp_lanes, aligned);
  T lse[attention_rows], dot[attention_rows];
#pragma unroll
  for (int r = 0; r < attention_rows; ++r) {
    lse[r] = first_row + r < p.rows ? p.lse[(first_row + r) * p.n_heads + blockIdx.y] : T(0);
    dot[r] = 0;
  }
  const auto scratch_at = [&](int r, std::int64_t key) {
    return (blockIdx.y * p.rows + first_row + r) * p.n_keys + key;
  };

  // First pass: weights A and their gradients dA; dot = sum over keys of A dA.
  for (std::int64_t first_key = 0; first_key < p.n_keys; first_key += attention_keys) {
    __syncthreads();
    shared.load_tile(0, p.k, first_key, p.n_keys, head, aligned);
    shared.load_tile(1, p.v, first_key, p.n_keys, head, aligned);
    __syncthreads();
    const std::int64_t key = first_key + lane;
    T score[attention_rows], value[attention_rows];
    lane_dots(score, shared.tile(0) + lane * shared.stride, q, head.quads);
    lane_dots(value, shared.tile(1) + lane * shared.stride, grad_out, head.quads);
    Quad<T> grad{{value[0], value[1], value[2], value[3]}};
    if (p.dropout.active()) drop_shares(grad, state, p.dropout, first_row, p.n_heads, blockIdx.y, key);
#pragma unroll
    for (int r = 0; r < attention_rows; ++r) {
      if (key >= p.n_keys || first_row + r >= p.rows) continue;
      const T a = math::exp(score[r] * scale - lse[r]);
      T g = grad.v[r];
      if (p.grad_weights != nullptr) g += p.grad_weights[(first_row + r) * p.n_keys + key] / static_cast<T>(p.n_heads);
      dot[r] += a * g;
      kept[scratch_at(r, key)] = a;
      grad_score[scratch_at(r, key)] = g;
    }
  }
#pragma unroll
  for (int r = 0; r < attention_rows; ++r) dot[r] = warp_sum(dot[r]);

  // Second pass: dS = A (dA - dot) / sqrt(head_dim), grad_q = dS K. grad_out is no longer needed.
  Quad<T>* acc = grad_out;
  __syncwarp();
  for (int i = lane; i < attention_rows * head.quads; i += warp_lanes) acc[i] = Quad<T>{};
  const T no_correction[attention_rows] = {T(1), T(1), T(1), T(1)};
  for (std::int64_t first_key = 0; first_key < p.n_keys; first_key += attention_keys) {
    __syncthreads();
    shared.load_tile(0, p.k, first_key, p.n_keys, head, aligned);
    __syncthreads();
    const std::int64_t key = first_key + lane;
    Quad<T> weight{}, grad{};
#pragma unroll
    for (int r = 0; r < attention_rows; ++r) {
      if (key >= p.n_keys || first_row + r >= p.rows) continue;
      weight.v[r] = kept[scratch_at(r, key)];  // written by this same thread
      grad.v[r] = weight.v[r] * (grad_score[scratch_at(r, key)] - dot[r]) * scale;
    }
    if (p.dropout.active()) drop_shares(weight, state, p.dropout, first_row, p.n_heads, blockIdx.y, key);
#pragma unroll
    for (int r = 0; r < attention_rows; ++r) {
      if (key >= p.n_keys || first_row + r >= p.rows) continue;
      kept[scratch_at(r, key)] = weight.v[r];
      grad_score[scratch_at(r, key)] = grad.v[r];
    }
    shares[lane] = grad;
    __syncwarp();
    add_weighted_tile(acc, no_correction, shares, shared.tile(0), shared.stride, head.quads, lane);
    __syncwarp();
  }
  if (p.grad_q == nullptr) return;
  __syncwarp();
  for (int r = 0; r < attention_rows && first_row + r < p.rows; ++r)
    for (int c = lane; c < head.quads; c += warp_lanes)
      write_quad(p.grad_q + (first_row + r) * p.width + head.offset, c * quad_size, head.dim, aligned,
                 acc[r * head.quads + c], p.write_q);
}

/// One block: a chunk of rows (blockIdx.x), 32 keys (y), 128 dimensions of a head (z). A warp owns 8
/// keys, a lane four dimensions: 64 sums in registers. partials: chunks x {k, v} x n_keys x width.
template <class T>
__global__ void shared_kv_attention_bwd_keys_per_warp_kernel(SharedKvAttentionBackward<T> p, const T* kept,
                                                             const T* grad_score, T* partials, std::int64_t chunk_rows,
                                                             bool aligned) {
  constexpr int keys_per_warp = attention_keys / 4;
  constexpr int rows_staged = 32;
  const int dim_blocks = gridDim.z / static_cast<unsigned>(p.n_heads);
  const HeadSlice head(p.width, p.n_heads, blockIdx.z / dim_blocks);
  const int lane = threadIdx.x;
  const int dim_quad = (blockIdx.z % dim_blocks) * warp_lanes + lane;
  const std::int64_t first_key = static_cast<std::int64_t>(blockIdx.y) * attention_keys;
  const std::int64_t score_offset = (blockIdx.z / dim_blocks) * p.rows * p.n_keys + first_key;
  Quad<T>* q = shared_memory<Quad<T>>();
  Quad<T>* grad_out = q + rows_staged * warp_lanes;
  T* weights = reinterpret_cast<T*>(grad_out + rows_staged * warp_lanes);
  T* scores = weights + rows_staged * attention_keys;
  Quad<T> sum_k[keys_per_warp] = {};
  Quad<T> sum_v[keys_per_warp] = {};

  const std::int64_t begin = blockIdx.x * chunk_rows;
  const std::int64_t end = begin + chunk_rows < p.rows ? begin + chunk_rows : p.rows;
  for (std::int64_t first = begin; first < end; first += rows_staged) {
    __syncthreads();
    for (int r = threadIdx.y; r < rows_staged; r += blockDim.y) {
      const std::int64_t row = first + r;
      const bool inside = row < end && dim_quad < head.quads;
      const std::int64_t offset = row * p.width + head.offset;
      q[r * warp_lanes + lane] = inside ? load_quad(p.q + offset, dim_quad * quad_size, head.dim, aligned) : Quad<T>{};
      grad_out[r * warp_lanes + lane] = inside && p.grad_out != nullptr
                                            ? load_quad(p.grad_out + offset, dim_quad * quad_size, head.dim, aligned)
                                            : Quad<T>{};
      const bool scored = row < end && first_key + lane < p.n_keys;
      weights[r * attention_keys + lane] = scored ? kept[score_offset + row * p.n_keys + lane] : T(0);
      scores[r * attention_keys + lane] = scored ? grad_score[score_offset + row * p.n_keys + lane] : T(0);
    }
    __syncthreads();
    for (int r = 0; r < rows_staged; ++r) {
      const Quad<T> q_quad = q[r * warp_lanes + lane];
      const Quad<T> grad_quad = grad_out[r * warp_lanes + lane];
      const T* weight = weights + r * attention_keys + threadIdx.y * keys_per_warp;
      const T* score = scores + r * attention_keys + threadIdx.y * keys_per_warp;
#pragma unroll
      for (int j = 0; j < keys_per_warp; ++j) {
#pragma unroll
        for (int e = 0; e < quad_size; ++e) {
          sum_k[j].v[e] += score[j] * q_quad.v[e];
          sum_v[j].v[e] += weight[j] * grad_quad.v[e];
        }
      }
    }
  }
  if (dim_quad >= head.quads) return;
  const std::int64_t part = p.n_keys * p.width;
  T* target = partials + 2 * blockIdx.x * part + head.offset;
#pragma unroll
  for (int j = 0; j < keys_per_warp; ++j) {
    const std::int64_t key = first_key + threadIdx.y * keys_per_warp + j;
    if (key >= p.n_keys) break;
    store_quad(target + key * p.width, dim_quad * quad_size, head.dim, aligned, sum_k[j]);
    store_quad(target + part + key * p.width, dim_quad * quad_size, head.dim, aligned, sum_v[j]);
  }
}

}  // namespace kernels

template <class T>
void shared_kv_attention_forward(Context<Cuda>& ctx, const SharedKvAttentionForward<T>& p) {
  const std::int64_t head_dim = p.width / p.n_heads;
  const T scale = T(1) / std::sqrt(static_cast<T>(head_dim));
  const kernels::AttentionBlock block(ctx, head_dim, sizeof(T));
  const bool aligned = kernels::quads_aligned(head_dim, p.q, p.k, p.v, p.out);
  const unsigned row_blocks = cuda::blocks_for(p.rows, block.rows());
  T* largest_and_inverse = nullptr;
  if (p.weights != nullptr) largest_and_inverse = ctx.step_arena().template allocate<T>(2 * p.rows * p.n_heads);
  cuda::launch(ctx, kernels::shared_kv_attention_fwd_rows_per_warp_kernel<T>,
               dim3(row_blocks, static_cast<unsigned>(p.n_heads)), block.threads, block.shared_bytes, p,
               ctx.step_state(), largest_and_inverse, scale, aligned);
  if (p.weights != nullptr)
    cuda::launch(ctx, kernels::shared_kv_attention_weights_fwd_rows_per_warp_kernel<T>, dim3(row_blocks), block.threads,
                 block.shared_bytes, p, largest_and_inverse, scale, aligned);
}

template <class T>
void shared_kv_attention_backward(Context<Cuda>& ctx, const SharedKvAttentionBackward<T>& p) {
  const std::int64_t head_dim = p.width / p.n_heads;
  const T scale = T(1) / std::sqrt(static_cast<T>(head_dim));
  const kernels::AttentionBlock block(ctx, head_dim, sizeof(T));
  const bool aligned = kernels::quads_aligned(head_dim, p.q, p.k, p.v, p.grad_out, p.grad_q);
  Arena& arena = ctx.step_arena();
  T* kept = arena.allocate<T>(p.n_heads * p.rows * p.n_keys);
  T* grad_score = arena.allocate<T>(p.n_heads * p.rows * p.n_keys);
  cuda::launch(ctx, kernels::shared_kv_attention_bwd_rows_per_warp_kernel<T>,
               dim3(cuda::blocks_for(p.rows, block.rows()), static_cast<unsigned>(p.n_heads)), block.threads,
               block.shared_bytes, p, ctx.step_state(), kept, grad_score, scale, aligned);
  if (p.grad_k == nullptr && p.grad_v == nullptr) return;

  // About 512 blocks and whole stages of 32 rows; a function of the shape alone.
  const std::int64_t key_tiles = (p.n_keys + kernels::attention_keys - 1) / kernels::attention_keys;
  const std::int64_t dim_blocks = (kernels::quads_in(head_dim) + kernels::warp_lanes - 1) / kernels::warp_lanes;
  const std::int64_t wanted = std::max<std::int64_t>(1, 512 / std::max<std::int64_t>(1, key_tiles * dim_blocks * p.n_heads));
  const std::int64_t stages = (p.rows + 31) / 32;
  const std::int64_t chunk_rows = std::max<std::int64_t>(1, (stages + wanted - 1) / wanted) * 32;
  const std::int64_t n_chunks = (p.rows + chunk_rows - 1) / chunk_rows;
  const std::int64_t part = p.n_keys * p.width;
  T* partials = arena.allocate<T>(n_chunks * 2 * part);
  cuda::launch(ctx, kernels::shared_kv_attention_bwd_keys_per_warp_kernel<T>,
               dim3(static_cast<unsigned>(n_chunks), static_cast<unsigned>(key_tiles),
                    static_cast<unsigned>(dim_blocks * p.n_heads)),
               dim3(kernels::warp_lanes, 4), 32 * (2 * 32 * sizeof(kernels::Quad<T>) + 2 * 32 * sizeof(T)), p, kept,
               grad_score, partials, chunk_rows, aligned);
  kernels::sum_partials<T>(ctx, partials, n_chunks, 2, part, {p.grad_k, p.write_k}, {p.grad_v, p.write_v});
}

}  // namespace stx
