// Distances between truth and prediction: L1, L2, RMSE, z-scored RMSE, MAPE, R2.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <span>

#include "stx/metrics/correlation.hpp"

namespace stx {

/// Mean absolute error, in the unit of the columns.
inline double mean_absolute_error(std::span<const float> truth, std::span<const float> prediction) {
  detail::require_same_length(truth, prediction, "mean_absolute_error");
  double sum = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) sum += std::abs(double{truth[i]} - prediction[i]);
  return sum / static_cast<double>(truth.size());
}

/// Mean squared error, in the squared unit of the columns.
inline double mean_squared_error(std::span<const float> truth, std::span<const float> prediction) {
  detail::require_same_length(truth, prediction, "mean_squared_error");
  double sum = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    const double error = double{truth[i]} - prediction[i];
    sum += error * error;
  }
  return sum / static_cast<double>(truth.size());
}

/// RMSE after each column, truth and prediction apart, is standardised over the spots:
/// `z = (v - mean) / population SD`; a constant column becomes all zero.
///
/// Equals `sqrt(2 (1 - pearson))` unless a column is constant: 1 if one is, 0 if both are. So 0 is
/// perfect, sqrt(2) is no linear relation, 2 is the worst. As in Li et al. 2022, Nat. Methods
/// 19:662 (where a constant column is undefined).
inline double rmse_of_z_scores(std::span<const float> truth, std::span<const float> prediction) {
  detail::require_same_length(truth, prediction, "rmse_of_z_scores");
  struct Standard {
    double mean, inverse_sd;
  };
  const auto standard_of = [](std::span<const float> v) -> Standard {
    const double mean = detail::mean_of(v);
    if (is_constant(v)) return {mean, 0};
    double squares = 0;
    for (float value : v) squares += (value - mean) * (value - mean);
    return {mean, std::sqrt(static_cast<double>(v.size()) / squares)};
  };
  const Standard x = standard_of(truth), y = standard_of(prediction);
  double sum = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    const double error = (truth[i] - x.mean) * x.inverse_sd - (prediction[i] - y.mean) * y.inverse_sd;
    sum += error * error;
  }
  return std::sqrt(sum / static_cast<double>(truth.size()));
}

/// Mean absolute percentage error `100 mean(|y - yhat| / |y|)`, in percent, over the entries with
/// y != 0: a zero in the truth has no relative error and is left out. NaN if every y is zero.
inline double mape(std::span<const float> truth, std::span<const float> prediction) {
  detail::require_same_length(truth, prediction, "mape");
  double sum = 0;
  std::int64_t n_nonzero = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    if (truth[i] == 0) continue;
    sum += std::abs(double{truth[i]} - prediction[i]) / std::abs(double{truth[i]});
    ++n_nonzero;
  }
  if (n_nonzero == 0) return std::numeric_limits<double>::quiet_NaN();
  return 100 * sum / static_cast<double>(n_nonzero);
}

/// Coefficient of determination `1 - SSE / SST`, at most 1; 0 if the truth is constant.
inline double r_squared(std::span<const float> truth, std::span<const float> prediction) {
  detail::require_same_length(truth, prediction, "r_squared");
  if (is_constant(truth)) return 0;
  const double mean = detail::mean_of(truth);
  double sst = 0;
  for (float y : truth) sst += (y - mean) * (y - mean);
  return 1 - mean_squared_error(truth, prediction) * static_cast<double>(truth.size()) / sst;
}

}  // namespace stx
