// Losses that sum a function of y - target over (masked) entries, on the CPU.
#pragma once

#include <algorithm>
#include <cmath>

#include "stx/backend/cpu/row_sum.hpp"
#include "stx/backend/pointwise_loss.hpp"
#include "stx/math/pointwise_loss.hpp"
#include "stx/math/special.hpp"

namespace stx {
namespace cpu {

template <class Entry, class T>
void pointwise_loss_rows(Context<Cpu>& ctx, const PointwiseLossForward<T>& p) {
  const PointwiseLoss<T>& in = p.in;
  parallel_chunks(ctx.threads(), in.rows, 64, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const T* y = in.y + i * in.cols;
      const T* target = in.target + i * in.cols;
      const T* mask = in.mask != nullptr ? in.mask + i * in.cols : nullptr;
      const auto value = [=](std::int64_t j) { return Entry::value(y[j] - target[j]); };
      T count = static_cast<T>(in.cols);
      if (mask == nullptr) {
        p.row_sums[2 * i] = sum_over<T>(in.cols, value);
      } else {  // a masked entry contributes nothing, whatever it holds
        p.row_sums[2 * i] = sum_over<T>(
            in.cols, [=](std::int64_t j) { return math::select(mask[j] != T(0), mask[j] * value(j), T(0)); });
        count = sum_over<T>(in.cols, [=](std::int64_t j) { return mask[j]; });
      }
      p.row_sums[2 * i + 1] = in.mean ? count : T(0);
    }
  });
}

template <class Entry, class T>
void pointwise_loss_slopes(Context<Cpu>& ctx, const PointwiseLossBackward<T>& p) {
  const T factor = T(Entry::scale) * p.in.weight * *p.grad_loss / *p.divisor;
  parallel_chunks(ctx.threads(), p.in.rows * p.in.cols, 16384, [&](std::int64_t begin, std::int64_t end) {
    const T* __restrict y = p.in.y, * __restrict target = p.in.target, * __restrict mask = p.in.mask;
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
      run([=](std::int64_t j) { return factor * Entry::slope(y[j] - target[j]); });
    } else {
      run([=](std::int64_t j) {
        return math::select(mask[j] != T(0), factor * mask[j] * Entry::slope(y[j] - target[j]), T(0));
      });
    }
  });
}

}  // namespace cpu

template <class T>
void pointwise_loss_forward(Context<Cpu>& ctx, const PointwiseLossForward<T>& p) {
  if (p.in.entry == EntryLoss::squared) {
    cpu::pointwise_loss_rows<math::SquaredError>(ctx, p);
  } else {
    cpu::pointwise_loss_rows<math::AbsoluteError>(ctx, p);
  }
  T sum = 0;
  T count = 0;
  StepState& state = *ctx.step_state();
  for (std::int64_t i = 0; i < p.in.rows; ++i) {
    sum += p.row_sums[2 * i];
    count += p.row_sums[2 * i + 1];
    if (!std::isfinite(p.row_sums[2 * i])) state.first_bad = std::min(state.first_bad, bad_key(state.step, i, p.term));
  }
  *p.divisor = std::max(count, T(1));
  *p.loss = p.in.weight * sum / *p.divisor;
}

template <class T>
void pointwise_loss_backward(Context<Cpu>& ctx, const PointwiseLossBackward<T>& p) {
  if (p.in.entry == EntryLoss::squared) {
    cpu::pointwise_loss_slopes<math::SquaredError>(ctx, p);
  } else {
    cpu::pointwise_loss_slopes<math::AbsoluteError>(ctx, p);
  }
}

}  // namespace stx
