// Normal form of a value among others and its gradient: shared by layer, RMS and batch norm.
#pragma once

#include <cmath>
#include <cstdint>

#include "stx/core/macros.hpp"

namespace stx::math {

/// (x - mean) / sqrt(variance + eps), given rstd = 1 / sqrt(variance + eps).
template <class T>
STX_HD inline T normal_form(T x, T mean, T rstd) {
  return (x - mean) * rstd;
}

/// d loss / dx, when g is d loss / d normal of this value, mean_g the mean of g over all values that
/// share mean and variance, and mean_gn the mean of g * normal: x moves both. With constant statistics
/// both means are 0; with a mean held at 0 (RMS norm) mean_g is.
/// Source: Ioffe and Szegedy 2015, section 3.
template <class T>
STX_HD inline T normal_form_grad(T g, T normal, T mean_g, T mean_gn, T rstd) {
  return rstd * (g - mean_g - normal * mean_gn);
}

template <class T>
STX_HD inline T reciprocal_deviation(T variance, T eps) {
  return T(1) / std::sqrt(variance + eps);
}

/// Turns the sums of x - first and of (x - first)^2 over `count` values, `first` being one of them, into
/// their mean, counted from `origin`, and their sum of squared deviations.
template <class T>
STX_HD inline void shifted_moments(T first, T origin, std::int64_t count, T& sum, T& squares) {
  const T shift = sum / static_cast<T>(count);
  const T left = squares - sum * shift;
  squares = left < T(0) ? T(0) : left;  // rounding; NaN stays
  sum = (first - origin) + shift;
}

/// Count, mean and sum of squared deviations of a set of values. In double: sums over many rows.
struct Moments {
  double count = 0;
  double mean = 0;
  double squares = 0;

  /// Moments of the union (Chan, Golub and LeVeque 1983, eq. 2.1).
  STX_HD void add(const Moments& other) {
    const double total = count + other.count;
    if (total == 0) return;
    const double delta = other.mean - mean;
    const double share = other.count / total;
    mean += delta * share;
    squares += other.squares + delta * delta * count * share;
    count = total;
  }
};

/// What batch norm keeps of a column whose mean is counted from `origin`: mean, 1 / sqrt(biased variance
/// + eps), and the running mean and unbiased variance moved by `momentum` of the way, unless there are
/// none or fewer than two values.
template <class T>
STX_HD inline void column_statistics(const Moments& column, T origin, T eps, T momentum, T* mean, T* rstd,
                                     T* running_mean, T* running_var) {
  *mean = static_cast<T>(static_cast<double>(origin) + column.mean);
  *rstd = reciprocal_deviation(static_cast<T>(column.squares / (column.count > 0 ? column.count : 1)), eps);
  if (running_mean == nullptr || column.count < 2) return;
  *running_mean += momentum * (*mean - *running_mean);
  *running_var += momentum * (static_cast<T>(column.squares / (column.count - 1)) - *running_var);
}

}  // namespace stx::math
