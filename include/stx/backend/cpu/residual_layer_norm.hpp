// Residual + dropout + layer norm on the CPU, one pass per row.
#pragma once

#include <cmath>

#include "stx/backend/cpu/column_sums.hpp"
#include "stx/backend/cpu/dropout.hpp"
#include "stx/backend/cpu/row_sum.hpp"
#include "stx/backend/residual_layer_norm.hpp"

namespace stx {
namespace cpu {

/// sum[j] = residual[j] + dropout(x)[j] for one row.
template <class T>
void residual_sum(const StepState& state, const Dropout& dropout, std::int64_t row, const T* x,
                  const T* residual, T* sum, std::int64_t width) {
  std::copy_n(x, width, sum);
  if (dropout.active()) apply_dropout(state, dropout, row, sum, width);
  if (residual != nullptr)
    for (std::int64_t j = 0; j < width; ++j) sum[j] += residual[j];
}

}  // namespace cpu

template <class T>
void residual_layer_norm_forward(Context<Cpu>& ctx, const ResidualLayerNormForward<T>& p) {
  const StepState& state = *ctx.step_state();
  parallel_chunks(ctx.threads(), p.rows, 16, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      T* y = p.y + i * p.width;
      cpu::residual_sum(state, p.dropout, i, p.x + i * p.width,
                        p.residual ? p.residual + i * p.width : nullptr, y, p.width);
      const T mean = cpu::sum_over<T>(p.width, [&](std::int64_t j) { return y[j]; }) / static_cast<T>(p.width);
      const T variance = cpu::sum_over<T>(p.width, [&](std::int64_t j) { return (y[j] - mean) * (y[j] - mean); }) /
                         static_cast<T>(p.width);
      const T rstd = T(1) / std::sqrt(variance + p.eps);
      for (std::int64_t j = 0; j < p.width; ++j) y[j] = (y[j] - mean) * rstd * p.gain[j] + p.shift[j];
      p.mean[i] = mean;
      p.rstd[i] = rstd;
    }
  });
}

template <class T>
void residual_layer_norm_backward(Context<Cpu>& ctx, const ResidualLayerNormBackward<T>& p) {
  const StepState& state = *ctx.step_state();
  const std::int64_t width = p.width;
  // Sums for gain and shift lie side by side in one buffer of 2 * width.
  T* sums = ctx.step_arena().allocate<T>(2 * width);
  T* scratch = ctx.step_arena().allocate<T>(((p.rows + cpu::reduction_rows - 1) / cpu::reduction_rows) * 2 * width);
  cpu::reduce_rows(ctx, p.rows, 2 * width, cpu::reduction_rows, sums, GradWrite::overwrite,
                   [&](std::int64_t begin, std::int64_t end, T* partial) {
    T* normal = scratch + begin / cpu::reduction_rows * 2 * width;
    T* grad = normal + width;
    for (std::int64_t i = begin; i < end; ++i) {
      const T* gy = p.grad_y + i * width;
      cpu::residual_sum(state, p.dropout, i, p.x + i * width, p.residual ? p.residual + i * width : nullptr,
                        normal, width);
      for (std::int64_t j = 0; j < width; ++j) {
        normal[j] = (normal[j] - p.mean[i]) * p.rstd[i];
        grad[j] = gy[j] * p.gain[j];
        partial[j] += gy[j] * normal[j];
        partial[width + j] += gy[j];
      }
      const T mean_g = cpu::sum_over<T>(width, [&](std::int64_t j) { return grad[j]; }) / static_cast<T>(width);
      const T mean_gn =
          cpu::sum_over<T>(width, [&](std::int64_t j) { return grad[j] * normal[j]; }) / static_cast<T>(width);
      for (std::int64_t j = 0; j < width; ++j) grad[j] = p.rstd[i] * (grad[j] - mean_g - normal[j] * mean_gn);
      if (p.grad_residual != nullptr)
        for (std::int64_t j = 0; j < width; ++j)
          write_grad(p.grad_residual + i * width + j, grad[j], p.write_residual);
      if (p.grad_x != nullptr) {
        if (p.dropout.active()) cpu::apply_dropout(state, p.dropout, i, grad, width);
        for (std::int64_t j = 0; j < width; ++j) write_grad(p.grad_x + i * width + j, grad[j], p.write_x);
      }
    }
  });
  if (p.grad_gain != nullptr)
    for (std::int64_t j = 0; j < width; ++j) write_grad(p.grad_gain + j, sums[j], p.write_gain);
  if (p.grad_shift != nullptr)
    for (std::int64_t j = 0; j < width; ++j) write_grad(p.grad_shift + j, sums[width + j], p.write_shift);
}

}  // namespace stx
