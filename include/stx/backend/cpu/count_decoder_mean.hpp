// Expected counts of a decoder on the CPU.
#pragma once

#include "stx/backend/count_decoder_mean.hpp"
#include "stx/backend/cpu/count_block.hpp"
#include "stx/backend/cpu/observed_lse.hpp"

namespace stx {

template <class T>
void count_decoder_mean(Context<Cpu>& ctx, const CountDecoderMean<T>& p) {
  const CountModel<T>& m = p.model;
  const T* table = p.p_zero != nullptr ? cpu::theta_table(ctx, m) : nullptr;
  parallel_chunks(ctx.threads(), m.rows, 4, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const T* __restrict a = m.logits + i * m.cols;
      T* __restrict mean = p.mean + i * m.cols;
      const T top = cpu::observed_top(a, m.observed, m.cols);
      STX_WIDE_LOOP
      for (std::int64_t j = 0; j < m.cols; ++j) mean[j] = math::exp(a[j] - top);
      const T factor = math::exp(m.library[i] - math::log(cpu::masked_sum(mean, m.observed, m.cols)));
      for (std::int64_t j = 0; j < m.cols; ++j) mean[j] *= factor;
      if (p.p_zero == nullptr) continue;
      const std::int64_t r_row = m.dispersion.row(i);
      T* __restrict p_zero = p.p_zero + i * m.cols;
      const T* __restrict zeta = m.zeta != nullptr ? m.zeta + i * m.cols : nullptr;
      const auto write = [&](auto theta) {
        if (zeta != nullptr) {
          STX_WIDE_LOOP
          for (std::int64_t j = 0; j < m.cols; ++j) p_zero[j] = math::zinb_p_zero(mean[j], theta(j), zeta[j]);
        } else {
          STX_WIDE_LOOP
          for (std::int64_t j = 0; j < m.cols; ++j) p_zero[j] = math::nb_p_zero(mean[j], theta(j));
        }
      };
      if (table != nullptr) {
        const T* __restrict theta = table + r_row * m.cols;
        write([=](std::int64_t j) { return theta[j]; });
      } else {  // one per entry
        const T* __restrict r = m.dispersion.log_theta + r_row * m.cols;
        write([=](std::int64_t j) { return math::exp(r[j]); });
      }
    }
  });
}

}  // namespace stx
