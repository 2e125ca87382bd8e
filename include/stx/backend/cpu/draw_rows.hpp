// Random row numbers on the CPU.
#pragma once

#include "stx/backend/draw_rows.hpp"

namespace stx {

template <class T>
void draw_rows(Context<Cpu>& ctx, const DrawRows<T>& p) {
  const StepState& state = *ctx.step_state();
  for (std::int64_t i = 0; i < p.count; ++i) p.rows[i] = math::drawn_row(state, p.site, i, p.n);
}

}  // namespace stx
