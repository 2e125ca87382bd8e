// Row norms on the CPU, one pass per row: it stays in the first-level cache between its loops.
#pragma once

#include "stx/backend/cpu/column_sums.hpp"
#include "stx/backend/cpu/dropout.hpp"
#include "stx/backend/cpu/row_sum.hpp"
#include "stx/backend/cpu/rows_ahead.hpp"
#include "stx/backend/row_norm.hpp"
#include "stx/math/normalise.hpp"

namespace stx {
namespace cpu {

/// sum[j] = residual[j] + dropout(x)[j] for one row.
template <class T>
void residual_sum(const StepState& state, const Dropout& dropout, std::int64_t row, const T* x, const T* residual,
                  T* __restrict sum, std::int64_t width) {
  std::copy_n(x, width, sum);
  if (dropout.active()) apply_dropout(state, dropout, row, sum, width);
  if (residual != nullptr)
    for (std::int64_t j = 0; j < width; ++j) sum[j] += residual[j];
}

/// Stores or adds a row.
template <class T>
void write_row(T* __restrict target, const T* values, std::int64_t width, GradWrite write) {
  if (write == GradWrite::overwrite) {
    std::copy_n(values, width, target);
  } else {
    for (std::int64_t j = 0; j < width; ++j) target[j] += values[j];
  }
}

/// Backward of rows [begin, end), all of one group; adds to the sums for gain and shift (either may be
/// null). `scratch` holds 2 width values.
template <class T>
void row_norm_backward_rows(const StepState& state, const RowNormBackward<T>& p, std::int64_t begin, std::int64_t end,
                            T* scratch, T* __restrict gain_sum, T* __restrict shift_sum) {
  const std::int64_t width = p.kind.width;
  const T offset = p.kind.gain_offset;
  const T* gain = p.gain != nullptr ? p.gain + begin / p.kind.group_rows() * p.kind.affine_stride : nullptr;
  T* __restrict normal = scratch;
  T* __restrict grad = scratch + width;
  for (std::int64_t i = begin; i < end; ++i) {
    ask_for_row(p.grad_y, i, p.kind.rows, width, width);
    ask_for_row(p.x, i, p.kind.rows, width, width);
    ask_for_row(p.residual, i, p.kind.rows, width, width);
    ask_for_row(p.grad_residual, i, p.kind.rows, width, width);
    ask_for_row(p.grad_x, i, p.kind.rows, width, width);
    const T* grad_y = p.grad_y + i * width;
    const T mean = p.kind.centred ? p.mean[i] : T(0);
    const T rstd = p.rstd[i];
    residual_sum(state, p.kind.dropout, i, p.x + i * width, p.residual ? p.residual + i * width : nullptr, normal,
                 width);
    for (std::int64_t j = 0; j < width; ++j) normal[j] = math::normal_form(normal[j], mean, rstd);
    if (gain_sum != nullptr)
      for (std::int64_t j = 0; j < width; ++j) gain_sum[j] += grad_y[j] * normal[j];
    if (shift_sum != nullptr)
      for (std::int64_t j = 0; j < width; ++j) shift_sum[j] += grad_y[j];
    if (p.grad_x == nullptr && p.grad_residual == nullptr) continue;
    if (gain != nullptr) {
      for (std::int64_t j = 0; j < width; ++j) grad[j] = grad_y[j] * (offset + gain[j]);
    } else {
      std::copy_n(grad_y, width, grad);
    }
    const T n = static_cast<T>(width);
    const T mean_g = p.kind.centred ? simd_sum<T>(grad, width) / n : T(0);
    const T mean_gn = simd_dot<T>(grad, normal, width) / n;
    for (std::int64_t j = 0; j < width; ++j)
      grad[j] = math::normal_form_grad(grad[j], normal[j], mean_g, mean_gn, rstd);
    if (p.grad_residual != nullptr) write_row(p.grad_residual + i * width, grad, width, p.write_residual);
    if (p.grad_x == nullptr) continue;
    if (p.kind.dropout.active()) apply_dropout(state, p.kind.dropout, i, grad, width);
    write_row(p.grad_x + i * width, grad, width, p.write_x);
  }
}

}  // namespace cpu

template <class T>
void row_norm_forward(Context<Cpu>& ctx, const RowNormForward<T>& p) {
  const StepState& state = *ctx.step_state();
  const std::int64_t width = p.kind.width;
  const T n = static_cast<T>(width);
  parallel_chunks(ctx.threads(), p.kind.rows, 16, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      cpu::ask_for_row(p.x, i, p.kind.rows, width, width);
      cpu::ask_for_row(p.residual, i, p.kind.rows, width, width);
      cpu::ask_for_row(p.y, i, p.kind.rows, width, width);
      T* __restrict y = p.y + i * width;
      cpu::residual_sum(state, p.kind.dropout, i, p.x + i * width, p.residual ? p.residual + i * width : nullptr, y,
                        width);
      const T mean = p.kind.centred ? cpu::simd_sum<T>(y, width) / n : T(0);
      if (p.kind.centred)
        for (std::int64_t j = 0; j < width; ++j) y[j] -= mean;
      const T rstd = math::reciprocal_deviation(cpu::simd_dot<T>(y, y, width) / n, p.eps);
      const std::int64_t affine = i / p.kind.group_rows() * p.kind.affine_stride;
      const T* gain = p.gain != nullptr ? p.gain + affine : nullptr;
      const T* shift = p.shift != nullptr ? p.shift + affine : nullptr;
      const T offset = p.kind.gain_offset;
      if (gain != nullptr && shift != nullptr) {
        for (std::int64_t j = 0; j < width; ++j) y[j] = y[j] * rstd * (offset + gain[j]) + shift[j];
      } else if (gain != nullptr) {
        for (std::int64_t j = 0; j < width; ++j) y[j] = y[j] * rstd * (offset + gain[j]);
      } else {
        for (std::int64_t j = 0; j < width; ++j) y[j] *= rstd;
        for (std::int64_t j = 0; j < width && shift != nullptr; ++j) y[j] += shift[j];
      }
      p.mean[i] = mean;
      p.rstd[i] = rstd;
    }
  });
}

template <class T>
void row_norm_backward(Context<Cpu>& ctx, const RowNormBackward<T>& p) {
  const StepState& state = *ctx.step_state();
  const std::int64_t width = p.kind.width;
  const bool wants_gain = p.grad_gain != nullptr, wants_shift = p.grad_shift != nullptr;
  // The sums for gain and shift lie side by side.
  if (p.kind.rows_per_group == 0) {
    T* sums = ctx.step_arena().allocate<T>(2 * width);
    T* scratch =
        ctx.step_arena().allocate<T>((p.kind.rows + cpu::reduction_rows - 1) / cpu::reduction_rows * 2 * width);
    cpu::reduce_rows(ctx, p.kind.rows, 2 * width, cpu::reduction_rows, sums, GradWrite::overwrite,
                     [&](std::int64_t begin, std::int64_t end, T* partial) {
                       cpu::row_norm_backward_rows(
                           state, p, begin, end, scratch + begin / cpu::reduction_rows * 2 * width,
                           wants_gain ? partial : nullptr, wants_shift ? partial + width : nullptr);
                     });
    if (wants_gain) cpu::write_row(p.grad_gain, sums, width, p.write_gain);
    if (wants_shift) cpu::write_row(p.grad_shift, sums + width, width, p.write_shift);
    return;
  }
  const std::int64_t rows = p.kind.group_rows();
  const std::int64_t grain = std::max<std::int64_t>(1, cpu::reduction_rows / rows);
  T* scratch = ctx.step_arena().allocate<T>(ctx.threads() * 4 * width);
  parallel_tiles(ctx.threads(), p.kind.groups(), grain,
                 [&](std::int64_t worker, std::int64_t first, std::int64_t last) {
                   T* own = scratch + worker * 4 * width;
                   T* sums = own + 2 * width;
                   for (std::int64_t group = first; group < last; ++group) {
                     std::fill_n(sums, 2 * width, T(0));
                     cpu::row_norm_backward_rows(state, p, group * rows, (group + 1) * rows, own,
                                                 wants_gain ? sums : nullptr, wants_shift ? sums + width : nullptr);
                     const std::int64_t affine = group * p.kind.affine_stride;
                     if (wants_gain) cpu::write_row(p.grad_gain + affine, sums, width, p.write_gain);
                     if (wants_shift) cpu::write_row(p.grad_shift + affine, sums + width, width, p.write_shift);
                   }
                 });
}

}  // namespace stx
