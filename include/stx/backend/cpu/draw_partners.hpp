// One random member of each row's list on the CPU.
#pragma once

#include "stx/backend/draw_partners.hpp"

namespace stx {

template <class T>
void draw_partners(Context<Cpu>& ctx, const DrawPartners<T>& p) {
  const StepState& state = *ctx.step_state();
  parallel_chunks(ctx.threads(), p.count, 512, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) p.partners[i] = p.partner(state, i);
  });
}

}  // namespace stx
