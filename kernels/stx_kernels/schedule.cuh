// Scheduled learning rates and loss weights: one thread computes one number; the time is that of
// the launch, a few microseconds, and inside a captured step less.
#pragma once

#include "stx/backend/cuda/launch.cuh"
#include "stx/backend/schedule.hpp"

namespace stx {
namespace kernels {

// A template only so that several translation units may contain it.
template <class State>
__global__ void schedule_learning_rate_one_thread_kernel(State* state, Schedule schedule) {
  state->learning_rate = static_cast<float>(math::scheduled(schedule, state->step));
}

template <class T>
__global__ void scheduled_weight_one_thread_kernel(ScheduledWeight<T> p, const StepState* state) {
  const T weight = static_cast<T>(math::scheduled(p.schedule, state->step));
  write_grad(p.to, weight * *p.from, p.write);
}

}  // namespace kernels

// "used": the compiled library must contain it for callers that see the declaration alone.
[[gnu::used]] inline void set_learning_rate(Context<Cuda>& ctx, const Schedule& schedule) {
  cuda::launch(ctx, kernels::schedule_learning_rate_one_thread_kernel<StepState>, dim3(1), dim3(1), 0, ctx.step_state(),
               schedule);
}

template <class T>
void scheduled_weight(Context<Cuda>& ctx, const ScheduledWeight<T>& p) {
  cuda::launch(ctx, kernels::scheduled_weight_one_thread_kernel<T>, dim3(1), dim3(1), 0, p, ctx.step_state());
}

}  // namespace stx
