// One minus the correlation of every column, on the CPU.
#pragma once

#include <algorithm>
#include <type_traits>

#include "stx/backend/pearson_loss.hpp"
#include "stx/math/special.hpp"

namespace stx {

template <class T>
void pearson_loss_forward(Context<Cpu>& ctx, const PearsonLossForward<T>& p) {
  constexpr std::int64_t block = 64;
  parallel_chunks(ctx.threads(), p.cols, block, [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t n = end - begin;
    double sums[6][block] = {}, first_p[block] = {}, first_t[block] = {};
    bool seen[block] = {};
    // The first row of each column that is not masked out: mostly among the first rows.
    for (std::int64_t i = 0, missing = n; i < p.rows && missing > 0; ++i)
      for (std::int64_t j = 0, k = i * p.cols + begin; j < n; ++j, ++k) {
        if (seen[j] || (p.mask != nullptr && p.mask[k] == T(0))) continue;
        seen[j] = true;
        --missing;
        first_p[j] = static_cast<double>(p.prediction[k]);
        first_t[j] = static_cast<double>(p.target[k]);
      }
    const auto add_rows = [&](auto masked) {
      for (std::int64_t i = 0; i < p.rows; ++i) {
        const T* __restrict a = p.prediction + i * p.cols + begin;
        const T* __restrict b = p.target + i * p.cols + begin;
        const T* __restrict m = decltype(masked)::value ? p.mask + i * p.cols + begin : a;
        for (std::int64_t j = 0; j < n; ++j) {
          const bool there = !decltype(masked)::value || m[j] != T(0);
          const double x = there ? static_cast<double>(a[j]) - first_p[j] : 0.0;
          const double t = there ? static_cast<double>(b[j]) - first_t[j] : 0.0;
          if constexpr (decltype(masked)::value) sums[0][j] += there ? 1.0 : 0.0;
          sums[1][j] += x;
          sums[2][j] += t;
          sums[3][j] += x * x;
          sums[4][j] += t * t;
          sums[5][j] += x * t;
        }
      }
    };
    if (p.mask != nullptr) {
      add_rows(std::true_type());
    } else {
      std::fill_n(sums[0], n, static_cast<double>(p.rows));
      add_rows(std::false_type());
    }
    for (std::int64_t j = 0; j < n; ++j)
      store_pearson_column(
          p, begin + j,
          {sums[0][j], sums[1][j], sums[2][j], sums[3][j], sums[4][j], sums[5][j], first_p[j], first_t[j]});
  });
  double sum = 0, counted = 0;
  const T* counts = p.stats + (pearson_stats - 1) * p.cols;
  for (std::int64_t j = 0; j < p.cols; ++j) {
    if (counts[j] == T(0)) continue;
    sum += 1 - static_cast<double>(p.correlation[j]);
    counted += 1;
  }
  store_pearson_loss(p, sum, counted, *ctx.step_state());
}

template <class T>
void pearson_loss_backward(Context<Cpu>& ctx, const PearsonLossBackward<T>& p) {
  const T factor = p.factor();
  const auto write_rows = [&](std::int64_t begin, std::int64_t end, auto masked) {
    const T* __restrict stats = p.stats;
    for (std::int64_t i = begin; i < end; ++i) {
      const T* __restrict a = p.prediction + i * p.cols;
      const T* __restrict b = p.target + i * p.cols;
      const T* __restrict m = decltype(masked)::value ? p.mask + i * p.cols : a;
      T* __restrict grad = p.grad_prediction + i * p.cols;
      for (std::int64_t j = 0; j < p.cols; ++j) {
        const T slope = stats[2 * p.cols + j] * (b[j] - stats[5 * p.cols + j] - stats[p.cols + j]) -
                        stats[3 * p.cols + j] * (a[j] - stats[4 * p.cols + j] - stats[j]);
        const bool there = !decltype(masked)::value || m[j] != T(0);
        write_grad(grad + j, math::select(there, factor * slope, T(0)), p.write_prediction);
      }
    }
  };
  parallel_chunks(ctx.threads(), p.rows, 16, [&](std::int64_t begin, std::int64_t end) {
    p.mask != nullptr ? write_rows(begin, end, std::true_type()) : write_rows(begin, end, std::false_type());
  });
}

}  // namespace stx
