// Prediction intervals of counts, corrected by what conformal.hpp learned on held-out entries.
//
// A count is discrete: a closed interval of counts cannot hold exactly 90 % of a gene that is zero
// in 97 % of the spots, for {0} alone holds 97 %. So every interval has two forms.
// - Smooth: [low, high] on the scale of y = x + u (predictive.hpp). It covers a count x with the weight |[x, x + 1) n
//   [low, high]|; the mean weight is the *randomised* coverage, which can meet any level for any gene, and which tells
//   whether the model's uncertainty is calibrated.
// - Closed: the whole numbers from `lower` to `upper`, for people and files. Never empty. Rounded so that their plain
//   coverage over all entries meets the level too, where the data allow that: sparse entries have {0}, and it is the
//   larger predictions whose interval grows by a count first. Where {most likely count} alone covers more than the
//   level, plain coverage lies above the level, and no calibration can change that.
#pragma once

#include <limits>

#include "examples/dcavae/predictive.hpp"
#include "stx/metrics/coverage.hpp"

namespace stx::dcavae {

/// What is learned for one level. The defaults leave an interval as it is, rounded to hold at least
/// its level.
struct Correction {
  double level = 0;
  double from = 0;        ///< new lower end, in widths of the uncorrected interval above its lower end
  double to = 1;          ///< new upper end, in the same unit
  double rounding = 0.5;  ///< a count belongs to the closed interval if x + 1/2 is no further than this outside
};

/// The ends of one interval on the scale of x + u.
struct SmoothInterval {
  double low, high;

  SmoothInterval(double lower, double upper, const Correction& c)
      : low(std::max(0.0, lower + c.from * (upper - lower))), high(std::max(low, lower + c.to * (upper - lower))) {}

  /// Share of [x, x + 1) inside.
  double weight(double x) const { return std::clamp(std::min(high, x + 1) - std::max(low, x), 0.0, 1.0); }
  /// The count in the middle: the last to leave a closed interval.
  double core() const { return std::floor(0.5 * (low + high)); }
  /// How much rounding it takes for the closed interval to hold x; minus infinity for core().
  double rounding_for(double x) const {
    if (x == core()) return -std::numeric_limits<double>::infinity();
    return std::max(low - (x + 0.5), x + 0.5 - high);
  }
  double closed_low(double rounding) const { return std::max(0.0, std::ceil(low - rounding - 0.5)); }
  double closed_high(double rounding) const { return std::floor(high + rounding - 0.5); }
};

/// The intervals of one level, all (rows x genes).
struct Intervals {
  double level = 0;
  Matrix<float> lower, upper;  ///< closed: whole numbers, lower <= upper
  Matrix<float> low, high;     ///< smooth
};

/// Intervals of every level. A level's interval holds that of the level below it (corrections are
/// learned level by level, and could cross).
///
/// @param corrections  one for each level of `predictive`, from ConformalCorrections or
/// uncorrected()
/// @throws ArgumentError for other levels.
inline std::vector<Intervals> make_intervals(const Predictive& predictive, const std::vector<Correction>& corrections) {
  require(corrections.size() == predictive.levels.size(), "make_intervals",
          "there must be a correction for each of the ", predictive.levels.size(), " levels, got ", corrections.size());
  std::vector<Intervals> all;
  for (std::size_t l = 0; l < corrections.size(); ++l) {
    const Correction& c = corrections[l];
    require(c.level == predictive.levels[l], "make_intervals", "correction ", l, " is for level ", c.level,
            ", the quantiles for level ", predictive.levels[l]);
    Intervals out{.level = c.level,
                  .lower = predictive.lower[l],
                  .upper = predictive.upper[l],
                  .low = predictive.lower[l],
                  .high = predictive.upper[l]};
    for (std::size_t e = 0; e < out.lower.values.size(); ++e) {
      const SmoothInterval s(predictive.lower[l].values[e], predictive.upper[l].values[e], c);
      double lower = s.closed_low(c.rounding), upper = s.closed_high(c.rounding);
      if (!(lower <= upper)) lower = upper = s.core();
      double low = s.low, high = s.high;
      if (l > 0) {
        const Intervals& inner = all.back();
        lower = std::min<double>(lower, inner.lower.values[e]);
        upper = std::max<double>(upper, inner.upper.values[e]);
        low = std::min<double>(low, inner.low.values[e]);
        high = std::max<double>(high, inner.high.values[e]);
      }
      out.lower.values[e] = static_cast<float>(lower);
      out.upper.values[e] = static_cast<float>(upper);
      out.low.values[e] = static_cast<float>(low);
      out.high.values[e] = static_cast<float>(high);
    }
    all.push_back(std::move(out));
  }
  return all;
}

/// Corrections that change nothing: the intervals of the model as it is, rounded outwards.
inline std::vector<Correction> uncorrected(const std::vector<double>& levels) {
  std::vector<Correction> all;
  for (const double level : levels) all.push_back({.level = level});
  return all;
}

/// Whether any of them changes its interval.
inline bool is_corrected(const std::vector<Correction>& corrections) {
  return std::any_of(corrections.begin(), corrections.end(), [](const Correction& c) {
    const Correction none;
    return c.from != none.from || c.to != none.to || c.rounding != none.rounding;
  });
}

struct IntervalScores {
  double level = 0;
  Coverage closed;                                               ///< plain coverage and width of the closed intervals
  double randomised = std::numeric_limits<double>::quiet_NaN();  ///< coverage of the smooth intervals
};

/// Scores intervals on true counts (rows x genes); NaN is an entry that is not scored.
/// @throws ArgumentError for shapes that differ.
inline IntervalScores score_intervals(const Matrix<float>& truth, const Intervals& intervals) {
  require(truth.rows == intervals.low.rows && truth.cols == intervals.low.cols, "score_intervals",
          "truth and intervals must have the same shape, got ", truth.rows, " x ", truth.cols, " and ",
          intervals.low.rows, " x ", intervals.low.cols);
  IntervalScores scores{.level = intervals.level,
                        .closed = interval_coverage(truth.values, intervals.lower.values, intervals.upper.values)};
  double sum = 0;
  for (std::size_t e = 0; e < truth.values.size(); ++e) {
    if (std::isnan(truth.values[e])) continue;
    sum += SmoothInterval(intervals.low.values[e], intervals.high.values[e], {}).weight(truth.values[e]);
  }
  if (scores.closed.count > 0) scores.randomised = sum / static_cast<double>(scores.closed.count);
  return scores;
}

}  // namespace stx::dcavae
