// Scores of genes by their definitions: all pairs, no sorting, long double.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace stx::test::naive {

/// 1-based rank of every value, ties sharing the mean of theirs.
inline std::vector<double> average_ranks(const std::vector<double>& v) {
  std::vector<double> ranks;
  for (double a : v) {
    double below = 0, equal = 0;
    for (double b : v) {
      below += b < a;
      equal += b == a;
    }
    ranks.push_back(below + (equal + 1) / 2);
  }
  return ranks;
}

inline double correlation(const std::vector<double>& x, const std::vector<double>& y) {
  const double n = static_cast<double>(x.size());
  double mx = 0, my = 0, xx = 0, yy = 0, xy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    mx += x[i] / n;
    my += y[i] / n;
  }
  for (std::size_t i = 0; i < x.size(); ++i) {
    xx += (x[i] - mx) * (x[i] - mx);
    yy += (y[i] - my) * (y[i] - my);
    xy += (x[i] - mx) * (y[i] - my);
  }
  return xx > 1e-20 && yy > 1e-20 ? xy / std::sqrt(xx * yy) : 0;
}

inline double tau_b(const std::vector<double>& x, const std::vector<double>& y) {
  double order = 0, x_pairs = 0, y_pairs = 0;
  for (std::size_t i = 0; i < x.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) {
      const int a = (x[i] > x[j]) - (x[i] < x[j]), b = (y[i] > y[j]) - (y[i] < y[j]);
      order += a * b;
      x_pairs += a != 0;
      y_pairs += b != 0;
    }
  return x_pairs > 0 && y_pairs > 0 ? order / std::sqrt(x_pairs * y_pairs) : 0;
}

/// The twelve scores of gene_metrics of one column, neither of whose parts is constant, in the order of score_columns.
inline std::vector<double> gene_scores(const std::vector<double>& x, const std::vector<double>& y) {
  using Real = long double;
  const std::size_t size = x.size();
  const Real n = static_cast<Real>(size);
  const auto mean = [&](const auto& term) {
    Real sum = 0;
    for (std::size_t i = 0; i < size; ++i) sum += term(i);
    return sum / n;
  };
  const Real mx = mean([&](std::size_t i) { return Real{x[i]}; }), my = mean([&](std::size_t i) { return Real{y[i]}; });
  const Real vx = mean([&](std::size_t i) { return (x[i] - mx) * (x[i] - mx); });
  const Real vy = mean([&](std::size_t i) { return (y[i] - my) * (y[i] - my); });
  const Real covariance = mean([&](std::size_t i) { return (x[i] - mx) * (y[i] - my); });
  const Real l1 = mean([&](std::size_t i) { return std::abs(Real{x[i]} - y[i]); });
  const Real l2 = mean([&](std::size_t i) { return (Real{x[i]} - y[i]) * (Real{x[i]} - y[i]); });
  const Real z = mean([&](std::size_t i) {
    const Real apart = (x[i] - mx) / std::sqrt(vx) - (y[i] - my) / std::sqrt(vy);
    return apart * apart;
  });
  const Real relative = mean([&](std::size_t i) { return x[i] != 0 ? std::abs((Real{x[i]} - y[i]) / x[i]) : Real{0}; });
  const Real nonzero = mean([&](std::size_t i) { return Real(x[i] != 0); });
  const Real xx = mean([&](std::size_t i) { return Real{x[i]} * x[i]; });
  const Real yy = mean([&](std::size_t i) { return Real{y[i]} * y[i]; });
  const Real xy = mean([&](std::size_t i) { return Real{x[i]} * y[i]; });
  const Real sx = mean([&](std::size_t i) { return std::max<Real>(x[i], 0); }) * n;
  const Real sy = mean([&](std::size_t i) { return std::max<Real>(y[i], 0); }) * n;
  const Real js =
      n * mean([&](std::size_t i) {
        const Real p = std::max<Real>(x[i], 0) / sx, q = std::max<Real>(y[i], 0) / sy;
        return ((p > 0 ? p * std::log(2 * p / (p + q)) : 0) + (q > 0 ? q * std::log(2 * q / (p + q)) : 0)) / 2;
      });
  const Real top_x = *std::max_element(x.begin(), x.end()), top_y = *std::max_element(y.begin(), y.end());
  const Real a = mx / top_x, b = my / top_y, sd_a = std::sqrt(vx) / top_x, sd_b = std::sqrt(vy) / top_y;
  const Real c1 = 1e-4L, c2 = 9e-4L, c3 = 4.5e-4L;
  const Real ssim = (2 * a * b + c1) / (a * a + b * b + c1) * (2 * sd_a * sd_b + c2) /
                    (sd_a * sd_a + sd_b * sd_b + c2) * (covariance / (top_x * top_y) + c3) / (sd_a * sd_b + c3);
  const std::vector<Real> scores{covariance / std::sqrt(vx * vy),
                                 correlation(average_ranks(x), average_ranks(y)),
                                 tau_b(x, y),
                                 std::sqrt(l2),
                                 std::sqrt(z),
                                 100 * relative / nonzero,
                                 ssim,
                                 js,
                                 xy / std::sqrt(xx * yy),
                                 1 - l2 / vx,
                                 l1,
                                 l2};
  return {scores.begin(), scores.end()};
}

}  // namespace stx::test::naive
