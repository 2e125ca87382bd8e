// The exact noise prediction for data from N(mean, sd^2), as a network on any device.
#pragma once

#include <cmath>

#include "stx/diffusion/noise_schedule.hpp"
#include "stx/ops/q_sample.hpp"

namespace stx::test {

/// eps(u, t) = sqrt(1 - a) (u - sqrt(a) mean) / (a sd^2 + 1 - a), a = alpha_bar_t. It is linear in
/// u for every t, so q_sample with a table of its own computes it: first factor of u, second of a
/// constant 1.
template <class T, class D>
auto gaussian_denoiser(Context<D>& ctx, const diffusion::NoiseSchedule& schedule, double mean, double sd,
                       std::int64_t rows, std::int64_t cols) {
  std::vector<T> table;
  for (std::int64_t t = 0; t < schedule.times(); ++t) {
    const double a = schedule.alpha_bar(t);
    const double factor = std::sqrt(1 - a) / (a * sd * sd + 1 - a);
    table.push_back(static_cast<T>(factor));
    table.push_back(static_cast<T>(-factor * std::sqrt(a) * mean));
  }
  const auto levels = to_device(ctx, table, Shape{schedule.times(), 2});
  const auto ones = to_device(ctx, std::vector<T>(static_cast<std::size_t>(rows * cols), T(1)), Shape{rows, cols});
  return [levels, ones](Context<D>& c, const Tensor<T, D>& u, const Tensor<std::int32_t, D>& times) {
    return q_sample(c, u, times, levels, 0, ones.row_range(0, u.rows())).xt;
  };
}

}  // namespace stx::test
