// Calibration of predicted probabilities: how often happens what was said to happen that often.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "stx/core/error.hpp"

namespace stx {

/// One occupied bin of predicted probabilities.
struct CalibrationPoint {
  double predicted = 0;    ///< mean predicted probability of its entries
  double observed = 0;     ///< share of its entries where it happened
  std::int64_t count = 0;  ///< entries
};

struct Calibration {
  std::vector<CalibrationPoint> points;                         ///< occupied bins, ascending
  double slope = std::numeric_limits<double>::quiet_NaN();      ///< 1 is calibrated
  double intercept = std::numeric_limits<double>::quiet_NaN();  ///< 0 is calibrated
};

namespace detail {

/// Least squares of observed on predicted, every point with weight 1; one point has slope 0.
inline void fit_line(Calibration& c) {
  const auto n = static_cast<double>(c.points.size());
  if (c.points.empty()) return;
  double mean_x = 0, mean_y = 0, xx = 0, xy = 0;
  for (const CalibrationPoint& p : c.points) {
    mean_x += p.predicted / n;
    mean_y += p.observed / n;
  }
  for (const CalibrationPoint& p : c.points) {
    xx += (p.predicted - mean_x) * (p.predicted - mean_x);
    xy += (p.predicted - mean_x) * (p.observed - mean_y);
  }
  c.slope = c.points.size() > 1 ? xy / xx : 0;
  c.intercept = mean_y - c.slope * mean_x;
}

}  // namespace detail

/// Calibration curve with equal-width bins of [0, 1] and the line through its points.
///
/// Bin k holds the probabilities in (k / n_bins, (k + 1) / n_bins], the first also 0; empty bins
/// are dropped. Slope and intercept are those of the unweighted least-squares line of `observed` on
/// `predicted`. With one occupied bin the slope is 0 and says nothing of calibration: look at
/// `points.size()` before averaging. No entries: no points, NaN.
///
/// @param probability  n predicted probabilities in [0, 1]
/// @param happened     n flags, not 0: it happened
/// @param n_bins       at least 1
/// @throws ArgumentError if lengths differ or n_bins < 1, DataError for a probability outside [0,
/// 1] or NaN. Deterministic: yes. Source: DCAVAE, section 8; bins as scikit-learn's
/// `calibration_curve`.
inline Calibration calibration_curve(std::span<const float> probability, std::span<const std::uint8_t> happened,
                                     int n_bins = 5) {
  require(probability.size() == happened.size(), "calibration_curve",
          "probabilities and outcomes must have the same length, got ", probability.size(), " and ", happened.size());
  require(n_bins >= 1, "calibration_curve", "n_bins must be at least 1, got ", n_bins);
  std::vector<CalibrationPoint> bins(static_cast<std::size_t>(n_bins));
  const double width = 1.0 / n_bins;
  for (std::size_t i = 0; i < probability.size(); ++i) {
    const double p = probability[i];
    require<DataError>(p >= 0 && p <= 1, "calibration_curve", "the probability of entry ", i, " is ", p,
                       "; it must lie in [0, 1]");
    int bin = 0;
    while (bin + 1 < n_bins && p > (bin + 1) * width) ++bin;
    CalibrationPoint& point = bins[bin];
    point.predicted += p;
    point.observed += happened[i] != 0;
    ++point.count;
  }
  Calibration result;
  for (CalibrationPoint point : bins) {
    if (point.count == 0) continue;
    point.predicted /= static_cast<double>(point.count);
    point.observed /= static_cast<double>(point.count);
    result.points.push_back(point);
  }
  detail::fit_line(result);
  return result;
}

}  // namespace stx
