// Sampling of neighbours on the CPU.
#pragma once

#include "stx/backend/neighbour_sample.hpp"

namespace stx {

[[gnu::used]] inline void neighbour_sample(Context<Cpu>& ctx, const NeighbourSample& p) {
  const StepState& state = *ctx.step_state();
  parallel_chunks(ctx.threads(), p.n, 256, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) math::sample_row(p, state, i);
  });
}

}  // namespace stx
