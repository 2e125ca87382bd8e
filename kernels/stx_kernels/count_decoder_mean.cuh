// Expected counts of a decoder and the probability of a zero.
//
// A group of lanes owns a row: two passes for the log-sum-exp, which leave the row in cache, then
// one that writes. 8 bytes and 30 FLOP per element for the mean alone, 20 bytes and 150 FLOP with
// P(zero) of a ZINB. Bound by memory bandwidth.
#pragma once

#include "stx/backend/count_decoder_mean.hpp"
#include "stx/backend/cuda/launch.cuh"
#include "stx/math/zinb.hpp"
#include "stx_kernels/detail/observed_lse.cuh"

namespace stx {
namespace kernels {

template <class T>
__global__ void count_decoder_mean_fwd_row_per_group_kernel(CountDecoderMean<T> p, bool aligned) {
  const CountModel<T>& m = p.model;
  const GroupRow row(m.rows, m.cols);
  const std::int64_t cols = row.columns, at = row.offset;
  const T lse = observed_lse(m.logits + at, m.observed, cols, shared_memory<T>(), aligned);
  if (!row.active) return;
  const T offset = m.library[row.index] - lse;
  const T* r = p.p_zero != nullptr ? m.dispersion.log_theta + m.dispersion.row(row.index) * m.cols : nullptr;
  for (std::int64_t column = threadIdx.x * quad_size; column < cols; column += blockDim.x * quad_size) {
    const Quad<T> a = load_quad(m.logits + at, column, cols, aligned);
    Quad<T> mean;
#pragma unroll
    for (int e = 0; e < quad_size; ++e) mean.v[e] = math::exp(a.v[e] + offset);
    store_quad(p.mean + at, column, cols, aligned, mean);
    if (p.p_zero == nullptr) continue;
    const Quad<T> log_theta = load_quad(r, column, cols, aligned);
    Quad<T> zeta{}, p_zero;
    if (m.zeta != nullptr) zeta = load_quad(m.zeta + at, column, cols, aligned);
#pragma unroll
    for (int e = 0; e < quad_size; ++e) {
      const T theta = math::exp(log_theta.v[e]);
      p_zero.v[e] =
          m.zeta != nullptr ? math::zinb_p_zero(mean.v[e], theta, zeta.v[e]) : math::nb_p_zero(mean.v[e], theta);
    }
    store_quad(p.p_zero + at, column, cols, aligned, p_zero);
  }
}

}  // namespace kernels

template <class T>
void count_decoder_mean(Context<Cuda>& ctx, const CountDecoderMean<T>& p) {
  const CountModel<T>& m = p.model;
  const dim3 block = kernels::row_group_block(m.cols);
  cuda::launch(ctx, kernels::count_decoder_mean_fwd_row_per_group_kernel<T>, dim3(cuda::blocks_for(m.rows, block.y)),
               block, kernels::row_sum_scratch * sizeof(T), p,
               kernels::quads_aligned(m.cols, m.logits, m.observed, m.dispersion.log_theta, m.zeta, p.mean, p.p_zero));
}

}  // namespace stx
