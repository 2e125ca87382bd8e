// A scalar from one value per row on the CPU.
#pragma once

#include <algorithm>
#include <cmath>

#include "stx/backend/cpu/row_sum.hpp"
#include "stx/backend/weighted_sum.hpp"

namespace stx {

template <class T>
void weighted_sum_forward(Context<Cpu>& ctx, const WeightedSumForward<T>& p) {
  StepState& state = *ctx.step_state();
  const auto weighted = [&](std::int64_t i) { return p.weights[i] != T(0) ? p.weights[i] * p.values[i] : T(0); };
  const double sum =
      p.weights != nullptr
          ? cpu::sum_over<double>(p.rows, [&](std::int64_t i) { return static_cast<double>(weighted(i)); })
          : cpu::sum_over<double>(p.rows, [&](std::int64_t i) { return static_cast<double>(p.values[i]); });
  if (!std::isfinite(sum))
    for (std::int64_t i = 0; i < p.rows; ++i)
      if (!std::isfinite(p.weights != nullptr ? weighted(i) : p.values[i])) {
        state.first_bad = std::min(state.first_bad, bad_key(state.step, i, p.term));
        break;
      }
  const double scale = p.scale != nullptr ? static_cast<double>(*p.scale) : 1.0;
  *p.loss = static_cast<T>(static_cast<double>(p.factor) * scale * sum);
}

template <class T>
void weighted_sum_backward(Context<Cpu>&, const WeightedSumBackward<T>& p) {
  const T factor = p.factor * (p.scale != nullptr ? *p.scale : T(1)) * *p.grad_loss;
  for (std::int64_t i = 0; i < p.rows; ++i)
    write_grad(p.grad_values + i, p.weights != nullptr ? factor * p.weights[i] : factor, p.write_values);
}

}  // namespace stx
