// (Masked) mean squared error on the CPU.
#pragma once

#include <cmath>

#include "stx/backend/mse.hpp"

namespace stx {

template <class T>
void mse_forward(Context<Cpu>& ctx, const MseForward<T>& p) {
  parallel_chunks(ctx.threads(), p.rows, 64, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      T squares = 0;
      T count = 0;
      for (std::int64_t j = i * p.cols; j < (i + 1) * p.cols; ++j) {
        const T error = p.y[j] - p.target[j];
        const T weight = p.mask != nullptr ? p.mask[j] : T(1);
        // A masked entry contributes nothing, whatever it holds.
        squares += weight != T(0) ? weight * error * error : T(0);
        count += weight;
      }
      p.row_sums[2 * i] = squares;
      p.row_sums[2 * i + 1] = count;
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
    for (std::int64_t j = begin; j < end; ++j) {
      const T weight = p.mask != nullptr ? p.mask[j] : T(1);
      const T grad = weight != T(0) ? factor * weight * (p.y[j] - p.target[j]) : T(0);
      write_grad(p.grad_y + j, grad, p.write_y);
    }
  });
}

}  // namespace stx
