// Noising data on the CPU.
#pragma once

#include "stx/backend/cpu/variates.hpp"
#include "stx/backend/q_sample.hpp"

namespace stx {

template <class T>
void q_sample(Context<Cpu>& ctx, const QSample<T>& p) {
  const StepState state = *ctx.step_state();
  parallel_chunks(ctx.threads(), p.rows, 16, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const NoiseLevel<T> level = noise_level_of(p, i);
      const T* __restrict x0 = p.x0 + i * p.cols;
      T* __restrict xt = p.xt + i * p.cols;
      if (p.eps != nullptr) {
        const T* __restrict eps = p.eps + i * p.cols;
        for (std::int64_t j = 0; j < p.cols; ++j) xt[j] = level.signal * x0[j] + level.noise * eps[j];
        continue;
      }
      T* __restrict drawn = p.drawn + i * p.cols;
      cpu::for_each_normal_block(state, p.site, i, i + 1, p.row_ids, p.cols,
                                 [&](std::int64_t, std::int64_t first, std::int64_t n, const float* z) {
                                   for (std::int64_t k = 0; k < n; ++k) {
                                     const T eps = static_cast<T>(z[k]);
                                     drawn[first + k] = eps;
                                     xt[first + k] = level.signal * x0[first + k] + level.noise * eps;
                                   }
                                 });
    }
  });
}

}  // namespace stx
