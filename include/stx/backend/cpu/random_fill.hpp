// Random numbers on the CPU.
#pragma once

#include "stx/backend/cpu/variates.hpp"
#include "stx/backend/random_fill.hpp"

namespace stx {

template <class T>
void random_fill(Context<Cpu>& ctx, const RandomFill<T>& p) {
  const StepState state = *ctx.step_state();
  const std::int64_t blocks = (p.cols + cpu::variate_block - 1) / cpu::variate_block;
  parallel_chunks(ctx.threads(), p.rows * blocks, 8, [&](std::int64_t begin, std::int64_t end) {
    float values[cpu::variate_block];
    for (std::int64_t b = begin; b < end; ++b) {
      const std::int64_t row = b / blocks;
      const std::int64_t first = b % blocks * cpu::variate_block;
      const std::int64_t n = std::min(cpu::variate_block, p.cols - first);
      const std::int64_t key = p.row_ids != nullptr ? p.row_ids[row] : row;
      const std::int64_t groups = (n + 3) / 4;
      const cpu::VariateWords words(state, p.site, key, static_cast<std::uint32_t>(first / 4), groups);
      if (p.distribution == Distribution::normal) {
        cpu::normals_of(words, groups, values);
      } else {
        cpu::uniforms_of(words, groups, values);
      }
      T* out = p.out + row * p.cols + first;
      for (std::int64_t j = 0; j < n; ++j) out[j] = static_cast<T>(std::fma(p.scale, values[j], p.location));
    }
  });
}

}  // namespace stx
