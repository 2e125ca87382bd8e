// Expected counts of a decoder on the CPU.
#pragma once

#include "stx/backend/count_decoder_mean.hpp"
#include "stx/backend/cpu/count_block.hpp"
#include "stx/backend/cpu/observed_lse.hpp"

namespace stx {
namespace cpu {

template <bool zero_inflated, class T>
void zero_probabilities(const T* __restrict a, T offset, const T* __restrict r, const T* theta,
                        const T* __restrict zeta, T* p_zero, std::int64_t n) {
  for (std::int64_t j = 0; j < n; ++j)
    p_zero[j] =
        math::exp(math::count_zero<zero_inflated>(a[j] + offset, r[j], theta[j], zeta[j]).log_prob);
}

}  // namespace cpu

template <class T>
void count_decoder_mean(Context<Cpu>& ctx, const CountDecoderMean<T>& p) {
  const CountModel<T>& m = p.model;
  const T* table = p.p_zero != nullptr ? cpu::theta_table(ctx, m) : nullptr;
  parallel_chunks(ctx.threads(), m.rows, 4, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const T* __restrict a = m.logits + i * m.cols;
      T* __restrict mean = p.mean + i * m.cols;
      const T offset = m.library[i] - cpu::observed_lse(a, m.observed, m.cols);
      for (std::int64_t j = 0; j < m.cols; ++j) mean[j] = math::exp(a[j] + offset);
      if (p.p_zero == nullptr) continue;
      const T* r = m.dispersion.log_theta + m.dispersion.row(i) * m.cols;
      T* p_zero = p.p_zero + i * m.cols;
      const T* theta = table + m.dispersion.row(i) * m.cols;
      if (table == nullptr) {  // one per entry: made where p_zero will be
        for (std::int64_t j = 0; j < m.cols; ++j) p_zero[j] = math::exp(r[j]);
        theta = p_zero;
      }
      if (m.zeta != nullptr) {
        cpu::zero_probabilities<true>(a, offset, r, theta, m.zeta + i * m.cols, p_zero, m.cols);
      } else {
        cpu::zero_probabilities<false>(a, offset, r, theta, a, p_zero, m.cols);
      }
    }
  });
}

}  // namespace stx
