// Normal distributions by their textbook formulas, in plain loops.
#pragma once

#include "naive.hpp"
#include "stx/math/gaussian.hpp"

namespace stx::test::naive {

template <class T>
T deviation(T s, Spread kind) {
  if (kind == Spread::floored_variance) return std::sqrt(std::exp(s) + T(1e-4));
  return kind == Spread::log_variance ? std::exp(s / 2) : (kind == Spread::softplus ? std::log1p(std::exp(s)) : s);
}
template <class T>
T deviation_slope(T s, Spread kind) {
  if (kind == Spread::floored_variance) return std::exp(s) / (2 * std::sqrt(std::exp(s) + T(1e-4)));
  return kind == Spread::log_variance ? std::exp(s / 2) / 2
                                      : (kind == Spread::softplus ? 1 / (1 + std::exp(-s)) : T(1));
}

template <class T>
struct Kl {
  Vec<T> value, grad_mean, grad_spread, grad_prior_mean, grad_prior_spread;
};

/// KL of rows and gradients of sum_i grad_i value_i; empty priors: N(0, 1); a prior of `cols`
/// values serves all rows.
template <class T>
Kl<T> gaussian_kl(const Vec<T>& mean, const Vec<T>& spread, Spread kind, const Vec<T>& prior_mean,
                  const Vec<T>& prior_spread, Spread prior_kind, const Vec<T>& grad, std::int64_t rows,
                  std::int64_t cols) {
  Kl<T> out{Vec<T>(rows), mean, mean, Vec<T>(prior_mean.size()), Vec<T>(prior_mean.size())};
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t j = 0; j < cols; ++j) {
      const std::int64_t k = i * cols + j;
      const bool given = !prior_mean.empty();
      const std::size_t at = given ? k % prior_mean.size() : 0;
      const T s = deviation(spread[k], kind), slope = deviation_slope(spread[k], kind);
      const T m0 = given ? prior_mean[at] : T(0);
      const T s0 = given ? deviation(prior_spread[at], prior_kind) : T(1);
      out.value[i] += std::log(s0 / s) + (s * s + (mean[k] - m0) * (mean[k] - m0)) / (2 * s0 * s0) - T(0.5);
      out.grad_mean[k] = grad[i] * (mean[k] - m0) / (s0 * s0);
      out.grad_spread[k] = grad[i] * (s / (s0 * s0) - 1 / s) * slope;
      if (!given) continue;
      out.grad_prior_mean[at] += grad[i] * (m0 - mean[k]) / (s0 * s0);
      out.grad_prior_spread[at] += grad[i] * deviation_slope(prior_spread[at], prior_kind) *
                                   (1 / s0 - (s * s + (mean[k] - m0) * (mean[k] - m0)) / (s0 * s0 * s0));
    }
  return out;
}

/// The N(0, 1) of (row, col): Box and Muller 1958 on two of the four words of a Philox call with
/// the counter (col / 4, row, step, site * 256 + 8).
inline double normal_at(std::uint64_t seed, std::uint32_t step, std::uint32_t site, std::uint32_t row,
                        std::uint32_t col) {
  const auto w = philox({col / 4, row, step, site * 256 + 8},
                        {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
  const int first = col % 4 / 2 * 2;
  const double radius = std::sqrt(-2 * std::log((w[first] + 0.5) / 4294967296.0));
  const double angle = 2 * M_PI * w[first + 1] / 4294967296.0;
  return radius * (col % 2 ? std::sin(angle) : std::cos(angle));
}

}  // namespace stx::test::naive
