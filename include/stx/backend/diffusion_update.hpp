// One fused step of a diffusion sampler: the contract of both backends.
#pragma once

#include "stx/core/context.hpp"
#include "stx/math/diffusion.hpp"
#include "stx/math/random_variates.hpp"

namespace stx {

/// u and x0 become those of the next step, by the coefficients steps[position->step]. Noise is
/// keyed by seed, site, row id, column and the counter first_counter + step: not by
/// StepState::step, so that a sample does not depend on when it is drawn.
template <class T>
struct DiffusionUpdate {
  T* u = nullptr;                               ///< rows x cols, state; in and out
  T* x0 = nullptr;                              ///< rows x cols, last prediction; in and out
  const T* eps = nullptr;                       ///< rows x cols, or null: 0
  const T* mask = nullptr;                      ///< rows x cols of 0 and 1 (known), or null: nothing known
  const T* known = nullptr;                     ///< rows x cols, or null with mask
  const T* low = nullptr;                       ///< cols, or null: no bound
  const T* high = nullptr;                      ///< cols, or null
  const DiffusionStep* steps = nullptr;         ///< on the device
  const DiffusionPosition* position = nullptr;  ///< on the device
  const std::int32_t* row_ids = nullptr;        ///< rows, or null
  std::int64_t rows = 0, cols = 0;
  std::uint32_t site = 0;
};

template <class T>
void diffusion_update(Context<Cpu>& ctx, const DiffusionUpdate<T>& args);
template <class T>
void diffusion_update(Context<Cuda>& ctx, const DiffusionUpdate<T>& args);

/// Starts a step: raises position->step and stores its time for every row, row_times[i] =
/// times[position->step].
struct DiffusionBegin {
  DiffusionPosition* position = nullptr;
  const std::int32_t* times = nullptr;  ///< one for every step
  std::int32_t* row_times = nullptr;    ///< rows
  std::int64_t rows = 0;
};

void begin_diffusion_step(Context<Cpu>& ctx, const DiffusionBegin& args);
void begin_diffusion_step(Context<Cuda>& ctx, const DiffusionBegin& args);

/// State whose step is the random counter of the position.
STX_HD inline StepState diffusion_counter(const StepState& state, const DiffusionPosition& position) {
  StepState counted = state;
  counted.step = position.first_counter + static_cast<std::uint32_t>(position.step);
  return counted;
}

}  // namespace stx
