// One fused step of a diffusion sampler on the CPU.
#pragma once

#include <limits>

#include "stx/backend/cpu/variates.hpp"
#include "stx/backend/diffusion_update.hpp"

namespace stx {

namespace cpu {

/// n entries of one row. The pointers are null where the whole array is.
template <class T>
void diffusion_update_entries(const DiffusionStep& step, std::int64_t n, T* __restrict u,
                              T* __restrict x0, const T* __restrict eps, const T* __restrict mask,
                              const T* __restrict known, const T* __restrict low,
                              const T* __restrict high, const float* __restrict z) {
  constexpr T infinity = std::numeric_limits<T>::infinity();
  for (std::int64_t j = 0; j < n; ++j) {
    const T prediction = math::diffusion_x0(step, u[j], eps != nullptr ? eps[j] : T(0),
                                            low != nullptr ? low[j] : -infinity,
                                            high != nullptr ? high[j] : infinity);
    u[j] = math::diffusion_next(
        step, u[j], prediction, x0[j], z != nullptr ? static_cast<T>(z[j]) : T(0),
        mask != nullptr ? mask[j] : T(0), mask != nullptr ? known[j] : T(0));
    x0[j] = prediction;
  }
}

}  // namespace cpu

template <class T>
void diffusion_update(Context<Cpu>& ctx, const DiffusionUpdate<T>& p) {
  const StepState state = diffusion_counter(*ctx.step_state(), *p.position);
  const DiffusionStep step = p.steps[p.position->step];
  const bool noisy = step.noise != 0.0f || (p.mask != nullptr && step.known_noise != 0.0f);
  const auto from = [](const T* data, std::int64_t i) {
    return data != nullptr ? data + i : nullptr;
  };
  parallel_chunks(ctx.threads(), p.rows, 16, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t row = i * p.cols;
      const auto update = [&](std::int64_t first, std::int64_t n, const float* z) {
        const std::int64_t at = row + first;
        cpu::diffusion_update_entries(step, n, p.u + at, p.x0 + at, from(p.eps, at),
                                      from(p.mask, at), from(p.known, at), from(p.low, first),
                                      from(p.high, first), z);
      };
      if (noisy) {
        cpu::for_each_normal_block(state, p.site, p.row_ids != nullptr ? p.row_ids[i] : i, p.cols,
                                   update);
      } else {
        update(0, p.cols, nullptr);
      }
    }
  });
}

inline void begin_diffusion_step(Context<Cpu>&, const DiffusionBegin& p) {
  const std::int32_t step = ++p.position->step;
  for (std::int64_t i = 0; i < p.rows; ++i) p.row_times[i] = p.times[step];
}

}  // namespace stx
