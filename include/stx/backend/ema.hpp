// Exponential moving average of a flat buffer: the contract of both backends.
#pragma once

#include "stx/core/context.hpp"

namespace stx {

/// average = d average + (1 - d) value, d = decay, or min(decay, (1 + t) / (10 + t)) with warm_up,
/// where t = StepState::step - first_step (1 at the first update).
template <class T>
struct Ema {
  T* average = nullptr;       ///< size
  const T* values = nullptr;  ///< size
  std::int64_t size = 0;
  std::uint32_t first_step = 0;
  T decay = T(0.999);
  bool warm_up = false;
};

template <class T>
void ema(Context<Cpu>& ctx, const Ema<T>& args);
template <class T>
void ema(Context<Cuda>& ctx, const Ema<T>& args);

/// Exchanges two buffers of `size` values.
template <class T>
void exchange(Context<Cpu>& ctx, T* a, T* b, std::int64_t size);
template <class T>
void exchange(Context<Cuda>& ctx, T* a, T* b, std::int64_t size);

/// The share of the old average that an update keeps.
template <class T>
STX_HD inline T ema_decay(const Ema<T>& p, const StepState& state) {
  if (!p.warm_up) return p.decay;
  const T t = static_cast<T>(state.step - p.first_step);
  const T early = (T(1) + t) / (T(10) + t);
  return early < p.decay ? early : p.decay;
}

}  // namespace stx
