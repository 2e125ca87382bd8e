// Random row numbers on the CPU.
#pragma once

#include "stx/backend/draw_rows.hpp"
#include "stx/core/parallel_for.hpp"

namespace stx {

template <class T>
void draw_rows(Context<Cpu>& ctx, const DrawRows<T>& p) {
  const StepState& state = *ctx.step_state();
  parallel_chunks(ctx.threads(), p.count, 4096, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) p.rows[i] = math::drawn_row(state, p.site, i, p.n);
  });
}

}  // namespace stx
