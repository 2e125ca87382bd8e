// Random counts on the CPU.
#pragma once

#include <algorithm>

#include "stx/backend/cpu/count_variates.hpp"
#include "stx/backend/sample_counts.hpp"

namespace stx {
namespace cpu {

/// Entries with an extra zero, or with one of unknown probability, get their count and no rate.
template <class T>
void settle_extra_zeros(const SampleCounts<T>& p, const VariateBlock& block, std::int64_t begin, float* rates,
                        float* counts) {
  constexpr float none = 3.0e38f;  // beyond every rate that is drawn from
  for (std::int64_t j = 0; j < block.size(); ++j) {
    const float zeta = static_cast<float>(p.zeta[p.zeta_per_entry ? begin + j : block.column(j)]);
    const bool zero = math::extra_zero(block.zero_uniform(j), zeta);
    counts[j] = zero ? 0.0f : (zeta == zeta ? counts[j] : zeta);
    rates[j] = zero || !(zeta == zeta) ? none : rates[j];
  }
}

/// Entries [begin, begin + n), n up to VariateBlock::width: gamma numbers of mean e^log_mu are rates of Poisson
/// numbers.
template <class T>
void draw_counts(const SampleCounts<T>& p, VariateBlock& block, std::int64_t begin, std::int64_t n) {
  float theta[VariateBlock::width], factor[VariateBlock::width], log_boost[VariateBlock::width];
  float rates[VariateBlock::width], counts[VariateBlock::width];
  block.go_to(begin, n);
  for (std::int64_t j = 0; j < n; ++j)
    theta[j] = static_cast<float>(p.log_theta[p.theta_per_entry ? begin + j : block.column(j)]);
  for (std::int64_t j = 0; j < n; ++j) theta[j] = math::exact::exp(theta[j]);
  block.gammas(theta, factor, log_boost);
  for (std::int64_t j = 0; j < n; ++j) {
    const float log_mu = static_cast<float>(p.log_mu[begin + j]);
    rates[j] = math::exact::exp(log_mu + log_boost[j]) * factor[j];
    counts[j] = rates[j];  // of rates that are not finite
  }
  if (p.zeta != nullptr) settle_extra_zeros(p, block, begin, rates, counts);
  block.poissons(rates, counts);
  for (std::int64_t j = 0; j < n; ++j) p.counts[begin + j] = static_cast<T>(counts[j]);
}

}  // namespace cpu

template <class T>
void sample_counts(Context<Cpu>& ctx, const SampleCounts<T>& p) {
  const StepState state = *ctx.step_state();
  parallel_chunks(ctx.threads(), p.rows * p.cols, 1024, [&](std::int64_t begin, std::int64_t end) {
    cpu::VariateBlock block(state, p.site, p.row_ids, p.cols);
    for (std::int64_t i = begin; i < end; i += block.width)
      cpu::draw_counts(p, block, i, std::min(block.width, end - i));
  });
}

}  // namespace stx
