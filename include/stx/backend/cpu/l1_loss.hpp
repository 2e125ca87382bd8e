// Sum of absolute errors on the CPU.
#pragma once

#include <cmath>

#include "stx/backend/cpu/row_sum.hpp"
#include "stx/backend/l1_loss.hpp"
#include "stx/math/l1_loss.hpp"

namespace stx {

template <class T>
void l1_loss_forward(Context<Cpu>& ctx, const L1LossForward<T>& p) {
  parallel_chunks(ctx.threads(), p.rows, 64, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const T* y = p.y + i * p.cols;
      const T* target = p.target + i * p.cols;
      p.row_sums[i] = cpu::sum_over<T>(p.cols, [&](std::int64_t j) { return std::abs(y[j] - target[j]); });
    }
  });
  T sum = 0;
  StepState& state = *ctx.step_state();
  for (std::int64_t i = 0; i < p.rows; ++i) {
    sum += p.row_sums[i];
    if (!std::isfinite(p.row_sums[i])) state.first_bad = std::min(state.first_bad, bad_key(state.step, i, p.term));
  }
  *p.loss = p.weight * sum;
}

template <class T>
void l1_loss_backward(Context<Cpu>& ctx, const L1LossBackward<T>& p) {
  const T factor = p.weight * *p.grad_loss;
  parallel_chunks(ctx.threads(), p.rows * p.cols, 16384, [&](std::int64_t begin, std::int64_t end) {
    const T *__restrict y = p.y, *__restrict target = p.target;
    T* __restrict grad_y = p.grad_y;
    if (p.write_y == GradWrite::accumulate) {
      for (std::int64_t j = begin; j < end; ++j) grad_y[j] += factor * math::sign(y[j] - target[j]);
    } else {
      for (std::int64_t j = begin; j < end; ++j) grad_y[j] = factor * math::sign(y[j] - target[j]);
    }
  });
}

}  // namespace stx
