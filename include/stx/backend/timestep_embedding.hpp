// Sinusoidal embedding of times: the contract of both backends.
#pragma once

#include <cmath>

#include "stx/core/context.hpp"
#include "stx/math/exact.hpp"

namespace stx {

/// out[i] = [cos(t_i f_0), .., cos(t_i f_{h-1}), sin(t_i f_0), .., sin(t_i f_{h-1})], h = width /
/// 2, f_k = max_period^(-k / h); an odd last column is 0.
template <class T>
struct TimestepEmbedding {
  const std::int32_t* times = nullptr;  ///< rows
  T* out = nullptr;                     ///< rows x width
  std::int64_t rows = 0, width = 0;
  double log_max_period = 0;
};

template <class T>
void timestep_embedding(Context<Cpu>& ctx, const TimestepEmbedding<T>& args);
template <class T>
void timestep_embedding(Context<Cuda>& ctx, const TimestepEmbedding<T>& args);

/// Frequency k in turns per unit of time.
STX_HD inline double timestep_frequency(std::int64_t k, std::int64_t half, double log_max_period) {
  return 0.15915494309189533577 * std::exp(-log_max_period * static_cast<double>(k) / static_cast<double>(half));
}

/// Phase of a wave at time t. The angle is a fraction of a turn in double, so that large times lose
/// no digits (a float angle of 1000 would be off by 3e-5).
STX_HD inline std::uint32_t timestep_phase(std::int32_t t, double frequency) {
  return math::exact::phase_of_turns(static_cast<double>(t) * frequency);
}

}  // namespace stx
