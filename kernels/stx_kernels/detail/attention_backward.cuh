// Backward kernels of shared_kv_attention.cuh, which explains the mapping.
#pragma once

#include "stx/backend/shared_kv_attention.hpp"
#include "stx/math/elementary.hpp"
#include "stx_kernels/detail/attention_tile.cuh"

namespace stx::kernels {

/// Leaves dropped weights and scaled score gradients in kept and grad_score (n_heads x rows x
/// n_keys).
template <class T>
__global__ void shared_kv_attention_bwd_rows_per_warp_kernel(SharedKvAttentionBackward<T> p,
                                                             const StepState* state, T* kept,
                                                             T* grad_score, T scale, bool aligned) {
  const SharedKvWarp<T> at(p.width, p.n_heads, blockIdx.y, aligned);
  const HeadSlice& head = at.head;
  const AttentionShared<T>& shared = at.shared;
  const std::int64_t first_row = at.first_row;
  const int lane = at.lane;
  Quad<T>* shares = shared.warp_shares();
  const Quad<T>* q = at.load_rows(0, p.q, p.rows);
  const Quad<T>* grad_out = at.load_rows(1, p.grad_out, p.grad_out != nullptr ? p.rows : 0);
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
    at.load_tile(0, p.k, first_key, p.n_keys);
    at.load_tile(1, p.v, first_key, p.n_keys);
    __syncthreads();
    const std::int64_t key = first_key + lane;
    T score[attention_rows], value[attention_rows];
    at.dots(score, 0, q);
    at.dots(value, 1, grad_out);
    Quad<T> grad{{value[0], value[1], value[2], value[3]}};
    if (p.dropout.active())
      drop_shares(grad, state, p.dropout, first_row, p.n_heads, blockIdx.y, key);
#pragma unroll
    for (int r = 0; r < attention_rows; ++r) {
      if (key >= p.n_keys || first_row + r >= p.rows) continue;
      const T a = math::exp(score[r] * scale - lse[r]);
      T g = grad.v[r];
      if (p.grad_weights != nullptr)
        g += p.grad_weights[(first_row + r) * p.n_keys + key] / static_cast<T>(p.n_heads);
      dot[r] += a * g;
      kept[scratch_at(r, key)] = a;
      grad_score[scratch_at(r, key)] = g;
    }
  }
#pragma unroll
  for (int r = 0; r < attention_rows; ++r) dot[r] = warp_sum(dot[r]);

  // Second pass: dS = A (dA - dot) / sqrt(head_dim), grad_q = dS K. grad_out is no longer needed.
  __syncwarp();
  Quad<T>* acc = at.clear_rows(1);
  const T no_correction[attention_rows] = {T(1), T(1), T(1), T(1)};
  for (std::int64_t first_key = 0; first_key < p.n_keys; first_key += attention_keys) {
    __syncthreads();
    at.load_tile(0, p.k, first_key, p.n_keys);
    __syncthreads();
    const std::int64_t key = first_key + lane;
    Quad<T> weight{}, grad{};
#pragma unroll
    for (int r = 0; r < attention_rows; ++r) {
      if (key >= p.n_keys || first_row + r >= p.rows) continue;
      weight.v[r] = kept[scratch_at(r, key)];  // written by this same thread
      grad.v[r] = weight.v[r] * (grad_score[scratch_at(r, key)] - dot[r]) * scale;
    }
    if (p.dropout.active())
      drop_shares(weight, state, p.dropout, first_row, p.n_heads, blockIdx.y, key);
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
      write_quad(p.grad_q + (first_row + r) * p.width + head.offset, c * quad_size, head.dim,
                 aligned, acc[r * head.quads + c], p.write_q);
}

/// One block: a chunk of rows (blockIdx.x), 32 keys (y), 128 dimensions of a head (z). A warp owns
/// 8 keys, a lane four dimensions: 64 sums in registers. partials: chunks x {k, v} x n_keys x
/// width.
template <class T>
__global__ void shared_kv_attention_bwd_keys_per_warp_kernel(SharedKvAttentionBackward<T> p,
                                                             const T* kept, const T* grad_score,
                                                             T* partials, std::int64_t chunk_rows,
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
      q[r * warp_lanes + lane] =
          inside ? load_quad(p.q + offset, dim_quad * quad_size, head.dim, aligned) : Quad<T>{};
      grad_out[r * warp_lanes + lane] =
          inside && p.grad_out != nullptr
              ? load_quad(p.grad_out + offset, dim_quad * quad_size, head.dim, aligned)
              : Quad<T>{};
      const bool scored = row < end && first_key + lane < p.n_keys;
      weights[r * attention_keys + lane] =
          scored ? kept[score_offset + row * p.n_keys + lane] : T(0);
      scores[r * attention_keys + lane] =
          scored ? grad_score[score_offset + row * p.n_keys + lane] : T(0);
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

}  // namespace stx::kernels
