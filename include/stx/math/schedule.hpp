// A number that follows the count of optimiser steps: learning rates and weights of loss terms.
#pragma once

#include "stx/core/step_state.hpp"
#include "stx/math/exact.hpp"

namespace stx {

/// What happens after the warm-up.
enum class ScheduleShape : unsigned char { constant, linear, cosine, steps };

/// value(t) for update t = 1, 2, ...: from the first update it rises as value t / warm_up, and from
/// update warm_up + 1 on it follows the shape.
struct Schedule {
  ScheduleShape shape = ScheduleShape::constant;
  double value = 1e-3;           ///< at the top
  std::uint32_t warm_up = 0;     ///< updates of linear rise; 0: none
  std::uint32_t length = 1;      ///< linear, cosine: updates from `value` to `last`; steps: between two drops
  double last = 0.0;             ///< linear, cosine: the value at the end and after it
  double factor = 0.1;           ///< steps: every `length` updates the value is multiplied by this
  std::uint32_t first_step = 0;  ///< StepState::step before the first update
};

namespace math {

/// The scheduled value at a step of the optimiser (update 0, before the first, counts as the
/// first).
STX_HD inline double scheduled(const Schedule& s, std::uint32_t step) {
  const std::uint32_t t = step > s.first_step ? step - s.first_step : 1;
  if (t <= s.warm_up) return s.value * static_cast<double>(t) / static_cast<double>(s.warm_up);
  const std::uint32_t done = t - s.warm_up - 1;
  const double share = done < s.length ? static_cast<double>(done) / static_cast<double>(s.length) : 1.0;
  switch (s.shape) {
    case ScheduleShape::constant:
      return s.value;
    case ScheduleShape::linear:
      return s.value + (s.last - s.value) * share;
    case ScheduleShape::cosine: {
      const double cosine = exact::sincos(exact::phase_of_turns(0.5 * share)).cos;
      return s.last + (s.value - s.last) * 0.5 * (1.0 + cosine);
    }
    case ScheduleShape::steps: {
      double value = s.value;
      double power = s.factor;
      for (std::uint32_t drops = done / s.length; drops > 0; drops >>= 1) {
        if ((drops & 1u) != 0u) value *= power;
        power *= power;
      }
      return value;
    }
  }
  return s.value;
}

}  // namespace math
}  // namespace stx
