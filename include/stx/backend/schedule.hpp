// Scheduled learning rates and loss weights: the contract of both backends.
#pragma once

#include "stx/autograd/grad_write.hpp"
#include "stx/core/context.hpp"
#include "stx/math/schedule.hpp"

namespace stx {

/// StepState::learning_rate = scheduled value of StepState::step.
void set_learning_rate(Context<Cpu>& ctx, const Schedule& schedule);
void set_learning_rate(Context<Cuda>& ctx, const Schedule& schedule);

/// to (+)= scheduled value * from, one number each.
template <class T>
struct ScheduledWeight {
  const T* from = nullptr;
  T* to = nullptr;
  GradWrite write = GradWrite::overwrite;
  Schedule schedule = {};
};

template <class T>
void scheduled_weight(Context<Cpu>& ctx, const ScheduledWeight<T>& args);
template <class T>
void scheduled_weight(Context<Cuda>& ctx, const ScheduledWeight<T>& args);

}  // namespace stx
