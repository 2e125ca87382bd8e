// One minus the correlation of every column, on the CPU.
#pragma once

#include <algorithm>

#include "stx/backend/pearson_loss.hpp"

namespace stx {

template <class T>
void pearson_loss_forward(Context<Cpu>& ctx, const PearsonLossForward<T>& p) {
  constexpr std::int64_t block = 64;
  parallel_chunks(ctx.threads(), p.cols, block, [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t n = end - begin;
    double sums[5][block] = {}, first_p[block], first_t[block];
    for (std::int64_t j = 0; j < n; ++j) {
      first_p[j] = p.rows > 0 ? static_cast<double>(p.prediction[begin + j]) : 0.0;
      first_t[j] = p.rows > 0 ? static_cast<double>(p.target[begin + j]) : 0.0;
    }
    for (std::int64_t i = 0; i < p.rows; ++i) {
      const T* __restrict a = p.prediction + i * p.cols + begin;
      const T* __restrict b = p.target + i * p.cols + begin;
      for (std::int64_t j = 0; j < n; ++j) {
        const double x = static_cast<double>(a[j]) - first_p[j];
        const double t = static_cast<double>(b[j]) - first_t[j];
        sums[0][j] += x;
        sums[1][j] += t;
        sums[2][j] += x * x;
        sums[3][j] += t * t;
        sums[4][j] += x * t;
      }
    }
    for (std::int64_t j = 0; j < n; ++j) {
      const PearsonColumn c = pearson_column(
          {sums[0][j], sums[1][j], sums[2][j], sums[3][j], sums[4][j]}, p.rows, first_p[j],
          first_t[j]);
      p.correlation[begin + j] = static_cast<T>(c.correlation);
      const double stats[] = {c.mean_p, c.mean_t, c.cross, c.own};
      for (int k = 0; k < 4; ++k) p.stats[k * p.cols + begin + j] = static_cast<T>(stats[k]);
    }
  });
  double sum = 0;
  for (std::int64_t j = 0; j < p.cols; ++j) sum += 1 - static_cast<double>(p.correlation[j]);
  *p.loss = static_cast<T>(static_cast<double>(p.weight) * sum /
                           static_cast<double>(std::max<std::int64_t>(p.cols, 1)));
  StepState& state = *ctx.step_state();
  if (!std::isfinite(*p.loss))
    state.first_bad = std::min(state.first_bad, bad_key(state.step, 0, p.term));
}

template <class T>
void pearson_loss_backward(Context<Cpu>& ctx, const PearsonLossBackward<T>& p) {
  const T factor = -p.weight * *p.grad_loss / static_cast<T>(std::max<std::int64_t>(p.cols, 1));
  parallel_chunks(ctx.threads(), p.rows, 16, [&](std::int64_t begin, std::int64_t end) {
    const T* __restrict stats = p.stats;
    const T* __restrict first_p = p.prediction;
    const T* __restrict first_t = p.target;
    for (std::int64_t i = begin; i < end; ++i) {
      const T* __restrict a = p.prediction + i * p.cols;
      const T* __restrict b = p.target + i * p.cols;
      T* __restrict grad = p.grad_prediction + i * p.cols;
      for (std::int64_t j = 0; j < p.cols; ++j) {
        const T slope = stats[2 * p.cols + j] * (b[j] - first_t[j] - stats[p.cols + j]) -
                        stats[3 * p.cols + j] * (a[j] - first_p[j] - stats[j]);
        write_grad(grad + j, factor * slope, p.write_prediction);
      }
    }
  });
}

}  // namespace stx
