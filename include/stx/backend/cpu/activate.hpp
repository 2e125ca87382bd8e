// Activation, dropout and residual on the CPU: blocks of rows that stay in the first-level cache.
#pragma once

#include <algorithm>

#include "stx/backend/activate.hpp"
#include "stx/backend/cpu/dropout.hpp"

namespace stx {
namespace cpu {

/// Rows of one task: about 4096 elements.
inline std::int64_t activate_rows(std::int64_t cols) {
  return std::max<std::int64_t>(1, 4096 / std::max<std::int64_t>(1, cols));
}

}  // namespace cpu

template <class T>
void activate_forward(Context<Cpu>& ctx, const ActivateForward<T>& p) {
  const StepState& state = *ctx.step_state();
  math::with_activation(p.activation, [&](auto activation) {
    parallel_chunks(ctx.threads(), p.rows, cpu::activate_rows(p.cols), [&](std::int64_t begin, std::int64_t end) {
      const std::int64_t n = (end - begin) * p.cols;
      const T* x = p.x + begin * p.cols;
      T* __restrict y = p.y + begin * p.cols;
      for (std::int64_t j = 0; j < n; ++j) y[j] = math::activate(x[j], activation.value);
      if (p.dropout.active()) cpu::apply_dropout_rows(state, p.dropout, begin, end - begin, y, p.cols);
      if (p.residual == nullptr) return;
      const T* residual = p.residual + begin * p.cols;
      for (std::int64_t j = 0; j < n; ++j) y[j] += residual[j];
    });
  });
}

template <class T>
void activate_backward(Context<Cpu>& ctx, const ActivateBackward<T>& p) {
  const StepState& state = *ctx.step_state();
  const std::int64_t rows = cpu::activate_rows(p.cols);
  // Where dL/dx is added to, a task makes its own part of it first.
  const bool in_place = p.write_x == GradWrite::overwrite;
  T* scratch = in_place || p.grad_x == nullptr ? nullptr : ctx.step_arena().allocate<T>(p.rows * p.cols);
  math::with_activation(p.activation, [&](auto activation) {
    parallel_chunks(ctx.threads(), p.rows, rows, [&](std::int64_t begin, std::int64_t end) {
      const std::int64_t n = (end - begin) * p.cols;
      const T* grad_y = p.grad_y + begin * p.cols;
      if (p.grad_residual != nullptr) {
        T* __restrict target = p.grad_residual + begin * p.cols;
        if (p.write_residual == GradWrite::overwrite) {
          std::copy_n(grad_y, n, target);
        } else {
          for (std::int64_t j = 0; j < n; ++j) target[j] += grad_y[j];
        }
      }
      if (p.grad_x == nullptr) return;
      const T* x = p.x + begin * p.cols;
      T* __restrict g = (in_place ? p.grad_x : scratch) + begin * p.cols;
      for (std::int64_t j = 0; j < n; ++j) g[j] = grad_y[j] * math::activate_grad(x[j], activation.value);
      if (p.dropout.active()) cpu::apply_dropout_rows(state, p.dropout, begin, end - begin, g, p.cols);
      if (in_place) return;
      T* __restrict target = p.grad_x + begin * p.cols;
      for (std::int64_t j = 0; j < n; ++j) target[j] += g[j];
    });
  });
}

}  // namespace stx
