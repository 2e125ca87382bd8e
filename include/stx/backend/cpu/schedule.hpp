// Scheduled learning rates and loss weights on the CPU.
#pragma once

#include "stx/backend/schedule.hpp"

namespace stx {

[[gnu::used]] inline void set_learning_rate(Context<Cpu>& ctx, const Schedule& schedule) {
  StepState& state = *ctx.step_state();
  state.learning_rate = static_cast<float>(math::scheduled(schedule, state.step));
}

template <class T>
void scheduled_weight(Context<Cpu>& ctx, const ScheduledWeight<T>& p) {
  const T weight = static_cast<T>(math::scheduled(p.schedule, ctx.step_state()->step));
  write_grad(p.to, weight * *p.from, p.write);
}

}  // namespace stx
