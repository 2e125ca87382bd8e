// (Masked) mean squared error on the CPU.
#pragma once

#include <cmath>

#include "stx/backend/cpu/row_sum.hpp"
#include "stx/backend/mse.hpp"
#include "stx/math/special.hpp"

namespace stx {

template <class T>
void mse_forward(Context<Cpu>& ctx, const MseForward<T>& p) {
  parallel_chunks(ctx.threads(), p.rows, 64, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const T* y = p.y + i * p.cols;
      const T* target = p.target + i * p.cols;
      const T* mask = p.mask != nullptr ? p.mask + i * p.cols : nullptr;
      const auto square = [=](std::int64_t j) { return (y[j] - target[j]) * (y[j] - target[j]); };
      if (p.mask == nullptr) {
        p.row_sums[2 * i] = cpu::sum_over<T>(p.cols, square);
        p.row_sums[2 * i + 1] = static_cast<T>(p.cols);
      } else {  // a masked entry contributes nothing, whatever it holds
        p.row_sums[2 * i] = cpu::sum_over<T>(
            p.cols, [=](std::int64_t j) { return math::select(mask[j] != T(0), mask[j] * square(j), T(0)); });
        p.row_sums[2 * i + 1] = cpu::sum_over<T>(p.cols, [=](std::int64_t j) { return mask[j]; });
      }
    }
  });
  T squares = 0;
  T count = 0;
  StepState& state = *ctx.step_state();
  for (std::int64_t i = 0; i < p.rows; ++i) {
    squares += p.row_sums[2 * i];
    count += p.row_sums[2 * i + 1];
    if (!std::isfinite(p.row_sums[2 * i]))
      state.first_bad = std::min(state.first_bad, bad_key(state.step, i, p.term));
  }
  *p.divisor = std::max(count, T(1));
  *p.loss = p.weight * squares / *p.divisor;
}

template <class T>
void mse_backward(Context<Cpu>& ctx, const MseBackward<T>& p) {
  const T factor = T(2) * p.weight * *p.grad_loss / *p.divisor;
  parallel_chunks(ctx.threads(), p.rows * p.cols, 16384, [&](std::int64_t begin, std::int64_t end) {
    const T *__restrict y = p.y, *__restrict target = p.target, *__restrict mask = p.mask;
    T* __restrict grad_y = p.grad_y;
    const bool adds = p.write_y == GradWrite::accumulate;
    const auto run = [&](auto grad) {
      if (adds) {
        for (std::int64_t j = begin; j < end; ++j) grad_y[j] += grad(j);
      } else {
        for (std::int64_t j = begin; j < end; ++j) grad_y[j] = grad(j);
      }
    };
    if (mask == nullptr) {
      run([=](std::int64_t j) { return factor * (y[j] - target[j]); });
    } else {
      run([=](std::int64_t j) {
        return math::select(mask[j] != T(0), factor * mask[j] * (y[j] - target[j]), T(0));
      });
    }
  });
}

}  // namespace stx
