// Pearson correlation and cosine similarity of two columns.
#pragma once

#include <algorithm>
#include <cmath>
#include <span>

#include "stx/core/error.hpp"

namespace stx {

namespace detail {

inline void require_same_length(std::span<const float> x, std::span<const float> y, std::string_view where) {
  require(x.size() == y.size() && !x.empty(), where, "the columns must have the same length, at least 1; got ",
          x.size(), " and ", y.size());
}

inline double mean_of(std::span<const float> x) {
  double sum = 0;
  for (float v : x) sum += v;
  return sum / static_cast<double>(x.size());
}

}  // namespace detail

/// True if all values of `x` are equal. Compares the values themselves: a variance would not be
/// exactly zero after rounding of the mean.
inline bool is_constant(std::span<const float> x) {
  return std::all_of(x.begin(), x.end(), [&](float v) { return v == x.front(); });
}

/// Pearson correlation `cov(x, y) / (sd(x) sd(y))`, in [-1, 1].
///
/// x, y: n finite values each, n >= 1. A constant column has no correlation; it counts as 0.
/// Two passes in double. Throws ArgumentError if the lengths differ.
inline double pearson(std::span<const float> x, std::span<const float> y) {
  detail::require_same_length(x, y, "pearson");
  if (is_constant(x) || is_constant(y)) return 0;
  const double mean_x = detail::mean_of(x), mean_y = detail::mean_of(y);
  double xx = 0, yy = 0, xy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double dx = x[i] - mean_x, dy = y[i] - mean_y;
    xx += dx * dx;
    yy += dy * dy;
    xy += dx * dy;
  }
  return std::clamp(xy / (std::sqrt(xx) * std::sqrt(yy)), -1.0, 1.0);
}

/// Cosine similarity `x.y / (|x| |y|)`, in [-1, 1]; 0 if either column is all zero.
///
/// x, y: n finite values each, n >= 1. Throws ArgumentError if the lengths differ.
inline double cosine_similarity(std::span<const float> x, std::span<const float> y) {
  detail::require_same_length(x, y, "cosine_similarity");
  double xx = 0, yy = 0, xy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xx += double{x[i]} * x[i];
    yy += double{y[i]} * y[i];
    xy += double{x[i]} * y[i];
  }
  if (xx == 0 || yy == 0) return 0;
  return std::clamp(xy / (std::sqrt(xx) * std::sqrt(yy)), -1.0, 1.0);
}

}  // namespace stx
