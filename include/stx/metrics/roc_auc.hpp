// Area under the ROC curve.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <span>

#include "stx/metrics/rank_correlation.hpp"

namespace stx {

/// Area under the ROC curve: the chance that a random positive scores above a random negative,
/// equal scores counting one half. `(R - p (p + 1) / 2) / (p (n - p))`, R the sum of the average
/// ranks of the p positives among all n.
///
/// @param score     n values, any scale; larger speaks for positive
/// @param positive  n flags, not 0 is positive
/// @return          in [0, 1]: 1 is perfect, 0.5 is chance; NaN if one class is missing (or n = 0)
/// @throws ArgumentError if the lengths differ, DataError for a score that is not finite.
/// Cost: one sort. Numerics: double, exact up to 9e7 entries. Deterministic: yes.
inline double roc_auc(std::span<const float> score, std::span<const std::uint8_t> positive) {
  require(score.size() == positive.size(), "roc_auc", "scores and classes must have the same length, got ",
          score.size(), " and ", positive.size());
  double n_positive = 0;
  for (std::size_t i = 0; i < score.size(); ++i) {
    require<DataError>(std::isfinite(score[i]), "roc_auc", "the score of entry ", i, " is ", score[i],
                       "; scores must be finite");
    n_positive += positive[i] != 0;
  }
  const double n_negative = static_cast<double>(score.size()) - n_positive;
  if (n_positive == 0 || n_negative == 0) return std::numeric_limits<double>::quiet_NaN();
  const Ranking ranks = rank_values(score);
  double rank_sum = 0;
  for (std::size_t i = 0; i < score.size(); ++i)
    if (positive[i] != 0) rank_sum += ranks.average[i];
  return (rank_sum - 0.5 * n_positive * (n_positive + 1)) / (n_positive * n_negative);
}

}  // namespace stx
