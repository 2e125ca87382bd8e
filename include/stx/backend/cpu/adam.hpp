// Adam on the CPU.
#pragma once

#include <cmath>

#include "stx/backend/adam.hpp"

namespace stx {

template <class T>
void adam(Context<Cpu>& ctx, const AdamArgs<T>& p) {
  const StepState& state = *ctx.step_state();
  require(state.step > p.first_step, "adam", "no step was begun since the optimiser was made; call begin_step(ctx)");
  const double t = static_cast<double>(state.step - p.first_step);
  const auto step = math::adam_step(static_cast<T>(state.learning_rate),
                                    static_cast<T>(1.0 - std::pow(static_cast<double>(p.options.beta1), t)),
                                    static_cast<T>(1.0 - std::pow(static_cast<double>(p.options.beta2), t)));
  parallel_chunks(ctx.threads(), p.size, 16384, [&](std::int64_t begin, std::int64_t end) {
    // The four buffers never overlap; the compiler vectorises only when told so.
    T* __restrict parameters = p.parameters;
    const T* __restrict gradients = p.gradients;
    T* __restrict means = p.means;
    T* __restrict squares = p.squares;
    const AdamOptions options = p.options;
    for (std::int64_t i = begin; i < end; ++i)
      math::adam_update(parameters[i], gradients[i], means[i], squares[i], step, options);
  });
}

}  // namespace stx
