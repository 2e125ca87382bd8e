// Adam on the CPU.
#pragma once

#include <cmath>

#include "stx/backend/adam.hpp"

namespace stx {

template <class T>
void adam(Context<Cpu>& ctx, const AdamArgs<T>& p) {
  const StepState& state = *ctx.step_state();
  require(state.step > p.first_step, "adam",
          "no step was begun since the optimiser was made; call begin_step(ctx)");
  const double t = static_cast<double>(state.step - p.first_step);
  const T correction1 = static_cast<T>(1.0 - std::pow(static_cast<double>(p.options.beta1), t));
  const T correction2 = static_cast<T>(1.0 - std::pow(static_cast<double>(p.options.beta2), t));
  const T learning_rate = static_cast<T>(state.learning_rate);
  parallel_chunks(ctx.threads(), p.size, 16384, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      math::adam_update(p.parameters[i], p.gradients[i], p.means[i], p.squares[i], learning_rate, p.options,
                        correction1, correction2);
  });
}

}  // namespace stx
