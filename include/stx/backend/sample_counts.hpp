// Random counts of negative binomials: the contract of both backends.
#pragma once

#include "stx/core/context.hpp"
#include "stx/math/count_variates.hpp"

namespace stx {

/// counts[i][j] ~ NB(exp(log_mu[i][j]), exp(log_theta)), or 0 with probability sigmoid(zeta).
/// Computed in float, stored as T.
template <class T>
struct SampleCounts {
  T* counts = nullptr;                    ///< rows x cols
  const T* log_mu = nullptr;              ///< rows x cols
  const T* log_theta = nullptr;           ///< cols, or rows x cols
  const T* zeta = nullptr;                ///< null, or as log_theta
  const std::int32_t* row_ids = nullptr;  ///< rows, or null
  std::int64_t rows = 0, cols = 0;
  bool theta_per_entry = false;
  bool zeta_per_entry = false;
  std::uint32_t site = 0;
};

template <class T>
void sample_counts(Context<Cpu>& ctx, const SampleCounts<T>& args);
template <class T>
void sample_counts(Context<Cuda>& ctx, const SampleCounts<T>& args);

/// One entry.
template <class T>
STX_HD inline T sampled_count(const SampleCounts<T>& p, const StepState& state, std::int64_t row, std::int64_t column) {
  const std::int64_t i = row * p.cols + column;
  const math::ElementWords words{state, p.site, p.row_ids != nullptr ? p.row_ids[row] : row,
                                 static_cast<std::uint32_t>(column)};
  const auto log_mu = static_cast<float>(p.log_mu[i]);
  const auto log_theta = static_cast<float>(p.log_theta[p.theta_per_entry ? i : column]);
  if (p.zeta == nullptr) return static_cast<T>(math::nb_variate(words, log_mu, log_theta));
  return static_cast<T>(
      math::zinb_variate(words, log_mu, log_theta, static_cast<float>(p.zeta[p.zeta_per_entry ? i : column])));
}

}  // namespace stx
