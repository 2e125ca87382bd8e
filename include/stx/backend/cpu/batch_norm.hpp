// Batch norm on the CPU: statistics of chunks of rows, then one pass over the rows.
#pragma once

#include "stx/backend/batch_norm.hpp"
#include "stx/backend/cpu/column_sums.hpp"
#include "stx/backend/cpu/dropout.hpp"
#include "stx/math/normalise.hpp"
#include "stx/math/special.hpp"

namespace stx {
namespace cpu {

/// mean and rstd of the columns of x, and the running statistics. Each chunk of rows sums differences
/// from its first row, and its mean counts from the first row of all, so that a large mean cancels.
template <class T>
void batch_statistics(Context<Cpu>& ctx, const BatchNormForward<T>& p) {
  const std::int64_t width = p.width;
  const std::int64_t n_chunks = (p.rows + reduction_rows - 1) / reduction_rows;
  T* partials = ctx.step_arena().allocate<T>(n_chunks * 2 * width);
  parallel_chunks(ctx.threads(), p.rows, reduction_rows, [&](std::int64_t begin, std::int64_t end) {
    T* __restrict sum = partials + begin / reduction_rows * 2 * width;
    T* __restrict squares = sum + width;
    std::fill_n(sum, width, T(0));
    std::fill_n(squares, width, T(0));
    const T* first = p.x + begin * width;
    for (std::int64_t i = begin + 1; i < end; ++i) {
      const T* x = p.x + i * width;
      for (std::int64_t j = 0; j < width; ++j) {
        const T difference = x[j] - first[j];
        sum[j] += difference;
        squares[j] += difference * difference;
      }
    }
    for (std::int64_t j = 0; j < width; ++j) math::shifted_moments(first[j], p.x[j], end - begin, sum[j], squares[j]);
  });
  parallel_chunks(ctx.threads(), width, 256, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t j = first; j < last; ++j) {
      math::Moments all;
      for (std::int64_t c = 0; c < n_chunks; ++c) {
        const std::int64_t count = std::min(reduction_rows, p.rows - c * reduction_rows);
        all.add({static_cast<double>(count), static_cast<double>(partials[2 * c * width + j]),
                 static_cast<double>(partials[(2 * c + 1) * width + j])});
      }
      math::column_statistics(all, p.rows > 0 ? p.x[j] : T(0), p.eps, p.momentum, p.mean + j, p.rstd + j,
                              p.running_mean ? p.running_mean + j : nullptr,
                              p.running_var ? p.running_var + j : nullptr);
    }
  });
}

}  // namespace cpu

template <class T>
void batch_norm_forward(Context<Cpu>& ctx, const BatchNormForward<T>& p) {
  const std::int64_t width = p.width;
  if (p.batch_statistics) {
    cpu::batch_statistics(ctx, p);
  } else {
    for (std::int64_t j = 0; j < width; ++j) {
      p.mean[j] = p.running_mean[j];
      p.rstd[j] = math::reciprocal_deviation(p.running_var[j], p.eps);
    }
  }
  const StepState& state = *ctx.step_state();
  math::with_activation(p.activation, [&](auto activation) {
    parallel_chunks(ctx.threads(), p.rows, cpu::reduction_rows, [&](std::int64_t begin, std::int64_t end) {
      const T *mean = p.mean, *rstd = p.rstd, *gain = p.gain, *shift = p.shift;
      for (std::int64_t i = begin; i < end; ++i) {
        const T* x = p.x + i * width;
        T* __restrict y = p.y + i * width;
        for (std::int64_t j = 0; j < width; ++j)
          y[j] = math::activate(math::normal_form(x[j], mean[j], rstd[j]) * gain[j] + shift[j], activation.value);
      }
      if (p.dropout.active()) cpu::apply_dropout_rows(state, p.dropout, begin, end - begin, p.y + begin * width, width);
    });
  });
}

template <class T>
void batch_norm_backward(Context<Cpu>& ctx, const BatchNormBackward<T>& p) {
  const StepState& state = *ctx.step_state();
  const std::int64_t width = p.width;
  // After a ReLU, y > 0 says what dropout kept; after others its factors are drawn again, into scratch.
  const bool drawn = p.dropout.active() && p.activation != Activation::relu;
  T* scratch = drawn ? ctx.step_arena().allocate<T>(p.rows * width) : nullptr;
  const T* grad_y = drawn ? scratch : p.grad_y;
  const T kept = p.dropout.active() && !drawn ? static_cast<T>(p.dropout.scale()) : T(1);
  // Sums of dL/dz * normal and of dL/dz lie side by side.
  T* sums = ctx.step_arena().allocate<T>(2 * width);
  const T share = p.batch_statistics && p.rows > 0 ? T(1) / static_cast<T>(p.rows) : T(0);
  math::with_activation(p.activation, [&](auto activation) {
    // dL/dz of an element: both passes compute it, which is faster than to store it.
    const auto slope = [=](T z, T y) {
      if constexpr (activation.value == Activation::relu) return math::select(y <= T(0), T(0), kept);
      else return math::activate_grad(z, activation.value);
    };
    cpu::reduce_rows(ctx, p.rows, 2 * width, cpu::reduction_rows, sums, GradWrite::overwrite,
                     [&](std::int64_t begin, std::int64_t end, T* partial) {
                       const T *mean = p.mean, *rstd = p.rstd, *gain = p.gain, *shift = p.shift;
                       T* __restrict gain_sum = partial;
                       T* __restrict shift_sum = partial + width;
                       if (drawn) {
                         std::copy_n(p.grad_y + begin * width, (end - begin) * width, scratch + begin * width);
                         cpu::apply_dropout_rows(state, p.dropout, begin, end - begin, scratch + begin * width, width);
                       }
                       for (std::int64_t i = begin; i < end; ++i) {
                         const T *x = p.x + i * width, *y = p.y + i * width, *from = grad_y + i * width;
                         STX_WIDE_LOOP
                         for (std::int64_t j = 0; j < width; ++j) {
                           const T normal = math::normal_form(x[j], mean[j], rstd[j]);
                           const T g = from[j] * slope(normal * gain[j] + shift[j], y[j]);
                           gain_sum[j] += g * normal;
                           shift_sum[j] += g;
                         }
                       }
                     });
    if (p.grad_x == nullptr) return;
    parallel_chunks(ctx.threads(), p.rows, cpu::reduction_rows, [&](std::int64_t begin, std::int64_t end) {
      const T *mean = p.mean, *rstd = p.rstd, *gain = p.gain, *shift = p.shift;
      const T *sum_gn = sums, *sum_g = sums + width;
      for (std::int64_t i = begin; i < end; ++i) {
        const T *x = p.x + i * width, *y = p.y + i * width, *from = grad_y + i * width;
        T* __restrict grad_x = p.grad_x + i * width;
        STX_WIDE_LOOP
        for (std::int64_t j = 0; j < width; ++j) {
          const T normal = math::normal_form(x[j], mean[j], rstd[j]);
          const T g = from[j] * slope(normal * gain[j] + shift[j], y[j]);
          const T value = gain[j] * math::normal_form_grad(g, normal, sum_g[j] * share, sum_gn[j] * share, rstd[j]);
          write_grad(grad_x + j, value, p.write_x);
        }
      }
    });
  });
  for (std::int64_t j = 0; j < width && p.grad_gain != nullptr; ++j) write_grad(p.grad_gain + j, sums[j], p.write_gain);
  for (std::int64_t j = 0; j < width && p.grad_shift != nullptr; ++j)
    write_grad(p.grad_shift + j, sums[width + j], p.write_shift);
}

}  // namespace stx
