// Learning rates and loss weights that follow the step, computed on the device.
#pragma once

#include <cmath>

#include "stx/autograd/check_finite.hpp"
#include "stx/autograd/var.hpp"
#include "stx/backend/schedule.hpp"

namespace stx {

namespace detail {

inline void check_schedule(std::string_view where, const Schedule& s) {
  require(std::isfinite(s.value) && std::isfinite(s.last) && std::isfinite(s.factor) && s.length >= 1, where,
          "value, last and factor must be finite and length at least 1, got ", s.value, ", ", s.last, ", ", s.factor,
          " and ", s.length);
}

}  // namespace detail

/// Sets the learning rate of this step, after begin_step and before the optimiser's step:
/// warm-up value t / warm_up, then constant; linear or cosine to `last` over `length` updates; or
/// value factor^floor(updates / length).
///
/// @param schedule  see Schedule; t counts steps begun since schedule.first_step
/// @throws ArgumentError when a number is not finite or length is 0.
/// Numerics: double, cosine to 1e-7. Deterministic: yes. Capturable: yes; a replayed step goes on
/// along the schedule, for the step is read from device memory. Source: cosine: Loshchilov and
/// Hutter 2017, "SGDR"; shapes as in PyTorch's CosineAnnealingLR, StepLR and LinearLR, which they
/// equal step by step.
template <class D>
void schedule_learning_rate(Context<D>& ctx, const Schedule& schedule) {
  detail::check_schedule("schedule_learning_rate", schedule);
  set_learning_rate(ctx, schedule);
}

/// y = w(step) x for a loss term x: the warm-up of a KL weight, for example.
///
/// @param x         a single value
/// @param schedule  of the weight w, as for schedule_learning_rate
/// @return          (1)
/// @throws ArgumentError when x is not a single value or the schedule is out of range.
/// Gradient: w(step) to x. Deterministic: yes. Capturable: yes, as schedule_learning_rate.
/// Source: KL warm-up: DCAVAE, section 4; Sonderby et al. 2016, "Ladder variational autoencoders".
template <class T, class D>
Var<T, D> scheduled_weight(Context<D>& ctx, Var<T, D> x, const Schedule& schedule) {
  detail::check_schedule("scheduled_weight", schedule);
  require(x.shape().size() == 1, "scheduled_weight", "x must be a single value, got shape ", x.shape());
  check_finite<T, D>(ctx, "scheduled_weight", {{"x", x}});
  Var<T, D> y = make_output<T, D>(ctx, Shape{1}, x.needs_grad());
  scheduled_weight(ctx, ScheduledWeight<T>{x.value().data, y.value().data, GradWrite::overwrite, schedule});

  struct Backward : Tape<D>::Node {
    Var<T, D> x, y;
    Schedule schedule;
    static void run(Context<D>& ctx, Backward& n) {
      if (!n.y.has_grad()) return;
      const GradTarget<T> to_x = n.x.claim_grad(ctx);
      if (to_x.data == nullptr) return;
      scheduled_weight(ctx, ScheduledWeight<T>{n.y.grad().data, to_x.data, to_x.write, n.schedule});
    }
  };
  if (y.needs_grad()) ctx.tape().record(Backward{{}, x, y, schedule});
  return y;
}

}  // namespace stx
