// A scalar from one value per row on the CPU.
#pragma once

#include <algorithm>
#include <cmath>

#include "stx/backend/weighted_sum.hpp"

namespace stx {

template <class T>
void weighted_sum_forward(Context<Cpu>& ctx, const WeightedSumForward<T>& p) {
  StepState& state = *ctx.step_state();
  double sum = 0;
  for (std::int64_t i = 0; i < p.rows; ++i) {
    const T weight = p.weights != nullptr ? p.weights[i] : T(1);
    const T value = weight != T(0) ? weight * p.values[i] : T(0);
    sum += static_cast<double>(value);
    if (!std::isfinite(value))
      state.first_bad = std::min(state.first_bad, bad_key(state.step, i, p.term));
  }
  const double scale = p.scale != nullptr ? static_cast<double>(*p.scale) : 1.0;
  *p.loss = static_cast<T>(static_cast<double>(p.factor) * scale * sum);
}

template <class T>
void weighted_sum_backward(Context<Cpu>&, const WeightedSumBackward<T>& p) {
  const T factor = p.factor * (p.scale != nullptr ? *p.scale : T(1)) * *p.grad_loss;
  for (std::int64_t i = 0; i < p.rows; ++i)
    write_grad(p.grad_values + i, p.weights != nullptr ? factor * p.weights[i] : factor,
               p.write_values);
}

}  // namespace stx
