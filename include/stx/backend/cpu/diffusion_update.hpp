// One fused step of a diffusion sampler on the CPU.
#pragma once

#include <algorithm>
#include <limits>

#include "stx/backend/cpu/variates.hpp"
#include "stx/backend/diffusion_update.hpp"

namespace stx {

namespace cpu {

/// n entries of one row; no pointer is null, so that the loop has no branch and is vectorised.
template <class T>
void diffusion_update_entries(const DiffusionStep& step, std::int64_t n, T* __restrict u, T* __restrict x0,
                              const T* __restrict eps, const T* __restrict mask, const T* __restrict known,
                              const T* __restrict low, const T* __restrict high, const float* __restrict z) {
  const DiffusionStep s = step;
  for (std::int64_t j = 0; j < n; ++j) {
    const T prediction = math::diffusion_x0(s, u[j], eps[j], low[j], high[j]);
    u[j] = math::diffusion_next(s, u[j], prediction, x0[j], static_cast<T>(z[j]), mask[j], known[j]);
    x0[j] = prediction;
  }
}

}  // namespace cpu

template <class T>
void diffusion_update(Context<Cpu>& ctx, const DiffusionUpdate<T>& p) {
  const StepState state = diffusion_counter(*ctx.step_state(), *p.position);
  const DiffusionStep step = p.steps[p.position->step];
  const bool noisy = step.noise != 0.0f || (p.mask != nullptr && step.known_noise != 0.0f);
  constexpr std::int64_t block = cpu::variate_block;
  parallel_chunks(ctx.threads(), p.rows, 16, [&](std::int64_t begin, std::int64_t end) {
    // What stands in for arrays that are not there.
    constexpr T infinity = std::numeric_limits<T>::infinity();
    T zeros[block] = {}, highest[block], lowest[block];
    const float no_noise[block] = {};
    std::fill_n(highest, block, infinity);
    std::fill_n(lowest, block, -infinity);
    for (std::int64_t i = begin; i < end; ++i) {
      const auto update = [&](std::int64_t, std::int64_t first, std::int64_t n, const float* z) {
        const std::int64_t at = i * p.cols + first;
        cpu::diffusion_update_entries(step, n, p.u + at, p.x0 + at, p.eps != nullptr ? p.eps + at : zeros,
                                      p.mask != nullptr ? p.mask + at : zeros, p.mask != nullptr ? p.known + at : zeros,
                                      p.low != nullptr ? p.low + first : lowest,
                                      p.high != nullptr ? p.high + first : highest, z);
      };
      if (noisy) {
        cpu::for_each_normal_block(state, p.site, i, i + 1, p.row_ids, p.cols, update);
      } else {
        for (std::int64_t first = 0; first < p.cols; first += block)
          update(i, first, std::min(block, p.cols - first), no_noise);
      }
    }
  });
}

[[gnu::used]] inline void begin_diffusion_step(Context<Cpu>&, const DiffusionBegin& p) {
  const std::int32_t step = ++p.position->step;
  for (std::int64_t i = 0; i < p.rows; ++i) p.row_times[i] = p.times[step];
}

}  // namespace stx
