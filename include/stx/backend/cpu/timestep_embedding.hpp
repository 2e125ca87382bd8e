// Sinusoidal embedding of times on the CPU.
#pragma once

#include "stx/backend/timestep_embedding.hpp"

namespace stx {

template <class T>
void timestep_embedding(Context<Cpu>& ctx, const TimestepEmbedding<T>& p) {
  const std::int64_t half = p.width / 2;
  parallel_chunks(ctx.threads(), p.rows, 8, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      T* out = p.out + i * p.width;
      // In a sampling step all rows have one time.
      if (i > begin && p.times[i] == p.times[i - 1]) {
        for (std::int64_t j = 0; j < p.width; ++j) out[j] = out[j - p.width];
        continue;
      }
      for (std::int64_t k = 0; k < half; ++k) {
        const math::exact::SinCos wave = timestep_wave(p.times[i], k, half, p.log_max_period);
        out[k] = static_cast<T>(wave.cos);
        out[half + k] = static_cast<T>(wave.sin);
      }
      if (p.width % 2 != 0) out[p.width - 1] = T(0);
    }
  });
}

}  // namespace stx
