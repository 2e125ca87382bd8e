// Rank scores and Jensen-Shannon by their definitions: all pairs, no sorting.
#pragma once

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

}  // namespace stx::test::naive
