// Fully connected layer on the CPU: each task's part of the product is finished while in cache.
#pragma once

#include "stx/backend/cpu/column_sums.hpp"
#include "stx/backend/cpu/dropout.hpp"
#include "stx/backend/cpu/gemm.hpp"
#include "stx/backend/linear.hpp"

namespace stx {
namespace cpu {

/// y = activation(z + bias) for n neighbouring columns; z is stored where `keep_z`.
template <class T, class A>
inline void finish_columns(A activation, const T* bias, T* z, T* y, std::int64_t n, bool keep_z) {
  for (std::int64_t j = 0; j < n; ++j) {
    const T value = bias != nullptr ? z[j] + bias[j] : z[j];
    if (keep_z) z[j] = value;
    y[j] = math::activate(value, activation.value);
  }
}

/// y = residual + gate * y for a block of the layer that begins at (row, column); keeps the old y as the branch.
template <class T>
inline void add_residual(const LinearForward<T>& p, std::int64_t row, std::int64_t rows, std::int64_t column,
                         std::int64_t columns) {
  for (std::int64_t i = row; i < row + rows; ++i) {
    const std::int64_t at = i * p.out + column;
    const T* residual = p.residual + at;
    T* __restrict y = p.y + at;
    if (p.branch != nullptr) std::copy_n(y, columns, p.branch + at);
    if (p.gate == nullptr) {
      for (std::int64_t j = 0; j < columns; ++j) y[j] += residual[j];
    } else {
      const T* gate = p.gate + i / p.rows_per_group * p.gate_stride + column;
      for (std::int64_t j = 0; j < columns; ++j) y[j] = residual[j] + gate[j] * y[j];
    }
  }
}

}  // namespace cpu

template <class T>
void linear_forward(Context<Cpu>& ctx, const LinearForward<T>& p) {
  const StepState& state = *ctx.step_state();
  const bool keeps_z = p.pre_activation != nullptr;
  T* product = keeps_z ? p.pre_activation : p.y;
  const auto tasks = cpu::GemmTasks::of<T>(p.rows, p.out, p.in, ctx.threads());
  parallel_for(ctx.threads(), tasks.count(), [&](std::int64_t i) {
    const auto t = tasks[i];
    const auto finish = [&](std::int64_t row, std::int64_t rows, std::int64_t column, std::int64_t columns) {
      const std::int64_t at = (t.row + row) * p.out + t.column + column;
      const T* bias = p.bias != nullptr ? p.bias + t.column + column : nullptr;
      math::with_activation(p.activation, [&](auto activation) {
        constexpr std::int64_t full = cpu::GemmTile<T>::columns;
        for (std::int64_t r = 0; r < rows; ++r)
          for (std::int64_t j = 0; j < columns; j += full) {
            T* z = product + at + r * p.out + j;
            T* y = p.y + at + r * p.out + j;
            const T* shift = bias != nullptr ? bias + j : nullptr;
            if (columns - j >= full) {  // a number the compiler knows
              cpu::finish_columns(activation, shift, z, y, full, keeps_z);
            } else {
              cpu::finish_columns(activation, shift, z, y, columns - j, keeps_z);
            }
          }
      });
      if (p.dropout.active())
        cpu::apply_dropout(state, p.dropout,
                           cpu::DropoutBlock<T>{.values = p.y + at,
                                                .stride = p.out,
                                                .row = t.row + row,
                                                .rows = rows,
                                                .column = t.column + column,
                                                .columns = columns});
      if (p.residual != nullptr) cpu::add_residual(p, t.row + row, rows, t.column + column, columns);
    };
    cpu::gemm_block<T, false>(p.x + t.row * p.in, p.in, p.weight + t.column * p.in, p.in, true,
                              product + t.row * p.out + t.column, p.out, t.rows, t.columns, p.in, GradWrite::overwrite,
                              tasks.amx, finish);
  });
}

template <class T>
void linear_backward(Context<Cpu>& ctx, const LinearBackward<T>& p) {
  const StepState& state = *ctx.step_state();
  const T* grad_z = p.grad_y;
  if (p.activation != Activation::identity || p.dropout.active()) {
    parallel_chunks(ctx.threads(), p.rows, 16, [&](std::int64_t begin, std::int64_t end) {
      const std::int64_t n = (end - begin) * p.out;
      T* g = p.grad_pre + begin * p.out;
      std::copy_n(p.grad_y + begin * p.out, n, g);
      if (p.dropout.active()) cpu::apply_dropout_rows(state, p.dropout, begin, end - begin, g, p.out);
      if (p.activation == Activation::identity) return;
      const T* z = p.pre_activation + begin * p.out;
      math::with_activation(p.activation, [&](auto activation) {
        for (std::int64_t j = 0; j < n; ++j) g[j] *= math::activate_grad(z[j], activation.value);
      });
    });
    grad_z = p.grad_pre;
  }
  if (p.grad_bias != nullptr) cpu::column_sums(ctx, grad_z, p.rows, p.out, p.grad_bias, p.write_bias);
  if (p.grad_weight != nullptr)
    gemm(ctx, GemmArgs<T>{.a = grad_z,
                          .b = p.x,
                          .c = p.grad_weight,
                          .m = p.out,
                          .n = p.in,
                          .k = p.rows,
                          .transpose_a = true,
                          .write = p.write_weight});
  if (p.grad_x != nullptr)
    gemm(ctx, GemmArgs<T>{
                  .a = grad_z, .b = p.weight, .c = p.grad_x, .m = p.rows, .n = p.in, .k = p.out, .write = p.write_x});
}

}  // namespace stx
