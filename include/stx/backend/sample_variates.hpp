// Random gamma and Poisson numbers: the contract of both backends.
#pragma once

#include "stx/core/context.hpp"
#include "stx/math/count_variates.hpp"

namespace stx {

enum class Variate : unsigned char { gamma, poisson };

/// out[i][j] ~ Gamma(shape, 1) or Poisson(rate), whose shapes or rates are `parameter`. Computed in
/// float, stored as T.
template <class T>
struct SampleVariates {
  T* out = nullptr;                       ///< rows x cols
  const T* parameter = nullptr;           ///< rows x cols
  const std::int32_t* row_ids = nullptr;  ///< rows, or null
  std::int64_t rows = 0, cols = 0;
  Variate variate = Variate::gamma;
  std::uint32_t site = 0;
};

template <class T>
void sample_variates(Context<Cpu>& ctx, const SampleVariates<T>& args);
template <class T>
void sample_variates(Context<Cuda>& ctx, const SampleVariates<T>& args);

/// One entry.
template <class T>
STX_HD inline T sampled_variate(const SampleVariates<T>& p, const StepState& state, std::int64_t row,
                                std::int64_t column) {
  const math::ElementWords words{state, p.site, p.row_ids != nullptr ? p.row_ids[row] : row,
                                 static_cast<std::uint32_t>(column)};
  const auto parameter = static_cast<float>(p.parameter[row * p.cols + column]);
  if (p.variate == Variate::gamma) return static_cast<T>(math::gamma_variate(words, parameter));
  if (!(parameter >= 0.0f)) return static_cast<T>(std::nanf(""));
  return static_cast<T>(math::poisson_variate(words, parameter, uniform_open(words.block(0).y)));
}

}  // namespace stx
