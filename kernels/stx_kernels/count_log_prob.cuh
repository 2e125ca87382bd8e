// Log-likelihood of counts under NB or ZINB, from log rates or from the logits of a decoder.
//
// Forward: a group of lanes (a warp for narrow rows, a block for wide ones) owns a row: with a
// library two passes for the log-sum-exp (maximum, sum), which leave the row in the L1 or L2 cache,
// then one for the terms. Reads logits (4 bytes an element), zeta (4) and the counts (4 dense; 8
// per stored entry in CSR, whose terms replace those of a zero in a loop over the stored entries
// alone); about 60 FLOP for a zero, 70 more with zeta, 150 for a count. Bound by arithmetic and
// bandwidth about alike. Backward: a thread owns a column of a fixed chunk of rows, so that the
// gradient of a shared log_theta is a running sum in a register; partial sums of chunks are added
// in order by sum_partials. Every other gradient is a function of its own entry and of the row's
// two numbers. CSR counts are spread into a tile of 8 rows in shared memory. Reads as above, writes
// 4 bytes a gradient and element; 90 FLOP for a zero, 60 more with zeta, 130 for a count.
#pragma once

#include <algorithm>

#include "stx/backend/count_log_prob.hpp"
#include "stx/backend/cuda/launch.cuh"
#include "stx/math/zinb.hpp"
#include "stx_kernels/detail/observed_lse.cuh"
#include "stx_kernels/detail/sum_partials.cuh"

namespace stx {
namespace kernels {

/// Columns of a block and rows of a tile in the backward pass.
inline constexpr int count_columns = 128;
inline constexpr int count_tile_rows = 8;

template <class T, bool zero_inflated>
__global__ void count_log_prob_fwd_row_per_group_kernel(CountLogProbForward<T> p, bool aligned) {
  const CountModel<T>& m = p.model;
  const GroupRow row(m.rows, m.cols);
  const std::int64_t i = row.index, cols = row.columns;
  const T* a = m.logits + row.offset;
  const T* zeta = zero_inflated ? m.zeta + row.offset : nullptr;
  const T* r = m.dispersion.log_theta + (row.active ? m.dispersion.row(i) : 0) * m.cols;
  T* scratch = shared_memory<T>();
  T offset = 0;
  T lse = 0;
  if (m.library != nullptr) {
    lse = observed_lse(a, m.observed, cols, scratch, aligned);
    offset = row.active ? m.library[i] - lse : T(0);
  }
  T log_prob = 0;
  T grad = 0;
  for (std::int64_t column = threadIdx.x * quad_size; column < cols; column += blockDim.x * quad_size) {
    const Quad<T> value = load_quad(a, column, cols, aligned);
    const Quad<T> log_theta = load_quad(r, column, cols, aligned);
    const Quad<T> counts = observed_quad(m.observed, column, cols, aligned);
    Quad<T> x{}, z{};
    if (m.counts.dense != nullptr) x = load_quad(m.counts.dense + row.offset, column, cols, aligned);
    if (zero_inflated) z = load_quad(zeta, column, cols, aligned);
#pragma unroll
    for (int e = 0; e < quad_size; ++e) {
      if (counts.v[e] == T(0)) continue;
      const T u = value.v[e] + offset;
      const T theta = math::exp(log_theta.v[e]);
      const math::CountTerms<T> t = x.v[e] <= T(0)
                                        ? math::count_zero<zero_inflated>(u, log_theta.v[e], theta, z.v[e])
                                        : math::count_positive<zero_inflated>(x.v[e], u, log_theta.v[e], theta, z.v[e]);
      log_prob += t.log_prob;
      grad += t.grad_u;
    }
  }
  if (m.counts.dense == nullptr && row.active) {  // the stored counts in place of their zeros
    const std::int64_t end = m.counts.row_end(i);
    for (std::int64_t k = m.counts.row_begin(i) + threadIdx.x; k < end; k += blockDim.x) {
      const std::int32_t j = m.counts.indices[k];
      const T x = static_cast<T>(m.counts.values[k]);
      if (x <= T(0) || (m.observed != nullptr && m.observed[j] == T(0))) continue;
      const T u = a[j] + offset;
      const T theta = math::exp(r[j]);
      const T z = zero_inflated ? zeta[j] : T(0);
      const math::CountTerms<T> t = math::count_positive<zero_inflated>(x, u, r[j], theta, z);
      const math::CountTerms<T> zero = math::count_zero<zero_inflated>(u, r[j], theta, z);
      log_prob += t.log_prob - zero.log_prob;
      grad += t.grad_u - zero.grad_u;
    }
  }
  log_prob = row_sum(log_prob, scratch);
  if (m.library != nullptr) grad = row_sum(grad, scratch);
  if (!row.active || threadIdx.x != 0) return;
  p.value[i] = p.sign * log_prob;
  if (m.library == nullptr) return;
  p.lse[i] = lse;
  p.grad_sum[i] = grad;
}

/// Spreads the stored counts of rows [first, first + tile rows) and this block's columns into
/// `tile`.
template <class T>
__device__ inline void spread_counts(const CountModel<T>& m, std::int64_t first, std::int64_t end,
                                     std::int64_t first_column, T* tile) {
  __syncthreads();  // the previous tile may still be read
  for (int k = threadIdx.x; k < count_tile_rows * count_columns; k += blockDim.x) tile[k] = T(0);
  __syncthreads();
  const int lane = threadIdx.x % warp_lanes;
  const std::int64_t last_column = first_column + count_columns;
  for (std::int64_t row = first + threadIdx.x / warp_lanes; row < end && row < first + count_tile_rows;
       row += blockDim.x / warp_lanes) {
    const std::int64_t stop = m.counts.row_end(row);
    const std::int64_t start = m.counts.lower_bound(m.counts.row_begin(row), stop, first_column);
    for (std::int64_t k = start + lane; k < stop && m.counts.indices[k] < last_column; k += warp_lanes)
      tile[(row - first) * count_columns + (m.counts.indices[k] - first_column)] = static_cast<T>(m.counts.values[k]);
  }
  __syncthreads();
}

/// partials: chunks x rows of log_theta x columns, or null when no shared gradient is wanted.
template <class T, bool zero_inflated>
__global__ void count_log_prob_bwd_column_per_thread_kernel(CountLogProbBackward<T> p, T* partials,
                                                            std::int64_t chunk_rows) {
  const CountModel<T>& m = p.model;
  const std::int64_t first_column = static_cast<std::int64_t>(blockIdx.x) * count_columns;
  const std::int64_t j = first_column + threadIdx.x;
  const bool active = j < m.cols;
  const std::int64_t begin = static_cast<std::int64_t>(blockIdx.y) * chunk_rows;
  const std::int64_t limit = begin + chunk_rows;
  const std::int64_t end = limit < m.rows ? limit : m.rows;
  T* tile = shared_memory<T>();
  T* mine = partials != nullptr && active ? partials + blockIdx.y * m.dispersion.n_rows * m.cols + j : nullptr;
  if (mine != nullptr)
    for (std::int64_t r = 0; r < m.dispersion.n_rows; ++r) mine[r * m.cols] = T(0);
  const T observed = active && m.observed != nullptr ? m.observed[j] : T(1);
  std::int64_t current = m.dispersion.row(begin);
  T r_sum = 0;
  for (std::int64_t first = begin; first < end; first += count_tile_rows) {
    if (m.counts.dense == nullptr) spread_counts(m, first, end, first_column, tile);
    if (!active) continue;
    for (std::int64_t i = first; i < end && i < first + count_tile_rows; ++i) {
      const std::int64_t at = i * m.cols + j;
      const std::int64_t r_row = m.dispersion.row(i);
      const T a = m.logits[at];
      const T r = m.dispersion.log_theta[r_row * m.cols + j];
      const T theta = math::exp(r);
      const T z = zero_inflated ? m.zeta[at] : T(0);
      const T x = m.counts.dense != nullptr ? m.counts.dense[at] : tile[(i - first) * count_columns + threadIdx.x];
      const T scale = p.sign * p.grad_value[i];
      const T lse = m.library != nullptr ? p.lse[i] : T(0);
      const T u = m.library != nullptr ? a + (m.library[i] - lse) : a;
      const math::CountTerms<T> t = x <= T(0) ? math::count_zero<zero_inflated>(u, r, theta, z)
                                              : math::count_positive<zero_inflated>(x, u, r, theta, z);
      const bool counts = observed != T(0);
      if (p.grad_logits != nullptr) {
        const T share = m.library != nullptr ? math::exp(a - lse) * p.grad_sum[i] : T(0);
        write_grad(p.grad_logits + at, counts ? scale * (t.grad_u - share) : T(0), p.write_logits);
      }
      if (zero_inflated && p.grad_zeta != nullptr)
        write_grad(p.grad_zeta + at, counts ? scale * t.grad_zeta : T(0), p.write_zeta);
      const T grad_r = counts ? scale * t.grad_r : T(0);
      if (mine != nullptr) {
        if (r_row != current) {  // the same for the whole block
          mine[current * m.cols] += r_sum;
          r_sum = 0;
          current = r_row;
        }
        r_sum += grad_r;
      } else if (p.grad_log_theta != nullptr) {
        write_grad(p.grad_log_theta + at, grad_r, p.write_log_theta);
      }
    }
  }
  if (mine != nullptr) mine[current * m.cols] += r_sum;
}

template <class T>
__global__ void count_log_prob_bwd_library_row_per_thread_kernel(CountLogProbBackward<T> p) {
  const std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < p.model.rows) write_grad(p.grad_library + i, p.sign * p.grad_value[i] * p.grad_sum[i], p.write_library);
}

}  // namespace kernels

template <class T>
void count_log_prob_forward(Context<Cuda>& ctx, const CountLogProbForward<T>& p) {
  const CountModel<T>& m = p.model;
  const dim3 block = kernels::row_group_block(m.cols);
  cuda::launch(ctx,
               m.zeta != nullptr ? kernels::count_log_prob_fwd_row_per_group_kernel<T, true>
                                 : kernels::count_log_prob_fwd_row_per_group_kernel<T, false>,
               dim3(cuda::blocks_for(m.rows, block.y)), block, kernels::row_sum_scratch * sizeof(T), p,
               kernels::quads_aligned(m.cols, m.logits, m.counts.dense, m.observed, m.dispersion.log_theta, m.zeta));
}

template <class T>
void count_log_prob_backward(Context<Cuda>& ctx, const CountLogProbBackward<T>& p) {
  const CountModel<T>& m = p.model;
  // At most 64 chunks of whole tiles; a function of the shape alone.
  constexpr std::int64_t tile = kernels::count_tile_rows;
  const std::int64_t chunk_rows = std::max(tile, ((m.rows + 63) / 64 + tile - 1) / tile * tile);
  const std::int64_t n_chunks = (m.rows + chunk_rows - 1) / chunk_rows;
  const bool shared = p.grad_log_theta != nullptr && !m.dispersion.per_entry;
  const std::int64_t n_theta = m.dispersion.n_rows * m.cols;
  T* partials = shared ? ctx.step_arena().template allocate<T>(n_chunks * n_theta) : nullptr;
  cuda::launch(ctx,
               m.zeta != nullptr ? kernels::count_log_prob_bwd_column_per_thread_kernel<T, true>
                                 : kernels::count_log_prob_bwd_column_per_thread_kernel<T, false>,
               dim3(cuda::blocks_for(m.cols, kernels::count_columns), static_cast<unsigned>(n_chunks)),
               dim3(kernels::count_columns), m.counts.dense != nullptr ? 0 : tile * kernels::count_columns * sizeof(T),
               p, partials, chunk_rows);
  if (shared) kernels::sum_partials<T>(ctx, partials, n_chunks, 1, n_theta, {p.grad_log_theta, p.write_log_theta});
  if (p.grad_library != nullptr)
    cuda::launch(ctx, kernels::count_log_prob_bwd_library_row_per_thread_kernel<T>, dim3(cuda::blocks_for(m.rows, 256)),
                 dim3(256), 0, p);
}

}  // namespace stx
