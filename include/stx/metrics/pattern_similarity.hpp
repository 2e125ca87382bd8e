// Scores of the pattern alone, whatever its scale: structural similarity and Jensen-Shannon.
#pragma once

#include <algorithm>
#include <cmath>
#include <span>

#include "stx/metrics/correlation.hpp"

namespace stx {

/// Structural similarity of two columns taken as one window each, in [-1, 1].
///
/// Each column is divided by its own maximum; then, with means m, population SDs s and covariance c,
///
///     (2 mx my + C1) / (mx^2 + my^2 + C1) * (2 sx sy + C2) / (sx^2 + sy^2 + C2) * (c + C3) / (sx sy + C3)
///
/// where C1 = 0.01^2, C2 = 0.03^2, C3 = C2 / 2 (dynamic range 1). No spatial windows: the order of the spots does not
/// matter. A column without a positive entry is taken as all zero. The gene-wise definition of Li et al. 2022, Nat.
/// Methods 19:662 (SpatialBenchmarking).
inline double structural_similarity(std::span<const float> truth, std::span<const float> prediction) {
  detail::require_same_length(truth, prediction, "structural_similarity");
  const auto inverse_maximum = [](std::span<const float> v) {
    const double maximum = *std::max_element(v.begin(), v.end());
    return maximum > 0 ? 1 / maximum : 0.0;
  };
  const double scale_x = inverse_maximum(truth), scale_y = inverse_maximum(prediction);
  const double mean_x = detail::mean_of(truth) * scale_x;
  const double mean_y = detail::mean_of(prediction) * scale_y;
  double xx = 0, yy = 0, xy = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    const double dx = truth[i] * scale_x - mean_x, dy = prediction[i] * scale_y - mean_y;
    xx += dx * dx;
    yy += dy * dy;
    xy += dx * dy;
  }
  const auto n = static_cast<double>(truth.size());
  const double var_x = xx / n, var_y = yy / n, sd_product = std::sqrt(var_x) * std::sqrt(var_y);
  constexpr double c1 = 0.01 * 0.01, c2 = 0.03 * 0.03, c3 = c2 / 2;
  const double luminance = (2 * mean_x * mean_y + c1) / (mean_x * mean_x + mean_y * mean_y + c1);
  const double contrast = (2 * sd_product + c2) / (var_x + var_y + c2);
  const double structure = (xy / n + c3) / (sd_product + c3);
  return luminance * contrast * structure;
}

/// Jensen-Shannon divergence of two columns taken as distributions over the spots, in nats:
/// `KL(p | m) / 2 + KL(q | m) / 2`, m = (p + q) / 2; 0 is the same distribution, ln 2 disjoint
/// ones.
///
/// Negative values are clipped to 0 and each column is divided by its sum. A column without a
/// positive entry is no distribution: the divergence is 0 if both are, ln 2 if one is.
/// SciPy's `jensenshannon` is the square root of this; Li et al. 2022 report the divergence.
inline double jensen_shannon(std::span<const float> truth, std::span<const float> prediction) {
  detail::require_same_length(truth, prediction, "jensen_shannon");
  const auto positive_sum = [](std::span<const float> v) {
    double sum = 0;
    for (float value : v) sum += std::max(value, 0.0f);
    return sum;
  };
  const double sum_x = positive_sum(truth), sum_y = positive_sum(prediction);
  if (sum_x == 0 && sum_y == 0) return 0;
  if (sum_x == 0 || sum_y == 0) return std::log(2.0);
  double divergence = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    const double p = std::max(truth[i], 0.0f) / sum_x, q = std::max(prediction[i], 0.0f) / sum_y;
    const double m = 0.5 * (p + q);
    if (p > 0) divergence += 0.5 * p * std::log(p / m);
    if (q > 0) divergence += 0.5 * q * std::log(q / m);
  }
  return std::clamp(divergence, 0.0, std::log(2.0));
}

}  // namespace stx
