// Sinusoidal embedding of times on the CPU.
#pragma once

#include <algorithm>

#include "stx/backend/timestep_embedding.hpp"

namespace stx {

template <class T>
void timestep_embedding(Context<Cpu>& ctx, const TimestepEmbedding<T>& p) {
  const std::int64_t half = p.width / 2;
  constexpr std::int64_t block = 64;  // frequencies made together, once for all rows of a chunk
  parallel_chunks(ctx.threads(), p.rows, 256, [&](std::int64_t begin, std::int64_t end) {
    double frequencies[block];
    for (std::int64_t first = 0; first < half; first += block) {
      const std::int64_t n = std::min(block, half - first);
      for (std::int64_t k = 0; k < n; ++k) frequencies[k] = timestep_frequency(first + k, half, p.log_max_period);
      for (std::int64_t i = begin; i < end; ++i) {
        const std::int32_t t = p.times[i];
        T* __restrict cosines = p.out + i * p.width + first;
        T* __restrict sines = cosines + half;
        std::uint32_t phases[block];
        for (std::int64_t k = 0; k < n; ++k) phases[k] = timestep_phase(t, frequencies[k]);
        for (std::int64_t k = 0; k < n; ++k) {
          const math::exact::SinCos wave = math::exact::sincos(phases[k]);
          cosines[k] = static_cast<T>(wave.cos);
          sines[k] = static_cast<T>(wave.sin);
        }
      }
    }
    if (p.width % 2 != 0)
      for (std::int64_t i = begin; i < end; ++i) p.out[(i + 1) * p.width - 1] = T(0);
  });
}

}  // namespace stx
