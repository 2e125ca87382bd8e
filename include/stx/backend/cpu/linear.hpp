// Fully connected layer on the CPU: each panel of rows is multiplied and finished while in cache.
#pragma once

#include "stx/backend/cpu/column_sums.hpp"
#include "stx/backend/cpu/dropout.hpp"
#include "stx/backend/cpu/gemm.hpp"
#include "stx/backend/linear.hpp"

namespace stx {

template <class T>
void linear_forward(Context<Cpu>& ctx, const LinearForward<T>& p) {
  const StepState& state = *ctx.step_state();
  const auto finish_row = [&](T* z, T* y, std::int64_t row, std::int64_t first, std::int64_t n) {
    if (p.bias != nullptr)
      for (std::int64_t j = 0; j < n; ++j) z[j] += p.bias[first + j];
    if (p.activation == Activation::gelu) {
      for (std::int64_t j = 0; j < n; ++j) y[j] = math::gelu(z[j]);
    } else if (y != z) {
      std::copy_n(z, n, y);
    }
    if (p.dropout.active()) cpu::apply_dropout(state, p.dropout, row, y, n);
  };
  T* z = p.pre_activation != nullptr ? p.pre_activation : p.y;
  // Few rows: splitting the columns is what occupies the threads; dropout needs whole rows.
  if (p.rows < 128 && !p.dropout.active()) {
    parallel_chunks(ctx.threads(), p.out, cpu::gemm_panel(p.out), [&](std::int64_t first, std::int64_t last) {
      cpu::gemm_serial(p.x, p.in, false, p.weight + first * p.in, p.in, true, z + first, p.out, p.rows,
                       last - first, p.in, GradWrite::overwrite);
      for (std::int64_t i = 0; i < p.rows; ++i)
        finish_row(z + i * p.out + first, p.y + i * p.out + first, i, first, last - first);
    });
    return;
  }
  parallel_chunks(ctx.threads(), p.rows, cpu::gemm_panel(p.rows), [&](std::int64_t begin, std::int64_t end) {
    cpu::gemm_serial(p.x + begin * p.in, p.in, false, p.weight, p.in, true, z + begin * p.out, p.out,
                     end - begin, p.out, p.in, GradWrite::overwrite);
    for (std::int64_t i = begin; i < end; ++i) finish_row(z + i * p.out, p.y + i * p.out, i, 0, p.out);
  });
}

template <class T>
void linear_backward(Context<Cpu>& ctx, const LinearBackward<T>& p) {
  const StepState& state = *ctx.step_state();
  const T* grad_z = p.grad_y;
  if (p.activation != Activation::identity || p.dropout.active()) {
    parallel_chunks(ctx.threads(), p.rows, 16, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        T* g = p.grad_pre + i * p.out;
        std::copy_n(p.grad_y + i * p.out, p.out, g);
        if (p.dropout.active()) cpu::apply_dropout(state, p.dropout, i, g, p.out);
        if (p.activation == Activation::gelu) {
          const T* z = p.pre_activation + i * p.out;
          for (std::int64_t j = 0; j < p.out; ++j) g[j] *= math::gelu_grad(z[j]);
        }
      }
    });
    grad_z = p.grad_pre;
  }
  if (p.grad_bias != nullptr) cpu::column_sums(ctx, grad_z, p.rows, p.out, p.grad_bias, p.write_bias);
  if (p.grad_weight != nullptr)
    gemm(ctx, GemmArgs<T>{.a = grad_z, .b = p.x, .c = p.grad_weight, .m = p.out, .n = p.in, .k = p.rows,
                          .transpose_a = true, .write = p.write_weight});
  if (p.grad_x != nullptr)
    gemm(ctx, GemmArgs<T>{.a = grad_z, .b = p.weight, .c = p.grad_x, .m = p.rows, .n = p.in, .k = p.out,
                          .write = p.write_x});
}

}  // namespace stx
