// The best epoch of a noisy curve of scores.
#pragma once

#include <algorithm>
#include <limits>

#include "stx/train/fit_state.hpp"

namespace stx {

/// The epoch with the best score averaged over itself and `reach` neighbours on either side: a handful of
/// validation genes gives a noisy curve. The first of equals; 0 when no score is a number.
inline std::int64_t smoothed_best(const std::vector<EpochRecord>& epochs, std::int64_t reach = 1) {
  const auto n = static_cast<std::int64_t>(epochs.size());
  std::int64_t best = 0;
  double best_score = -std::numeric_limits<double>::infinity();
  for (std::int64_t e = 0; e < n; ++e) {
    const std::int64_t first = std::max<std::int64_t>(0, e - reach), last = std::min(n - 1, e + reach);
    double sum = 0;
    for (std::int64_t k = first; k <= last; ++k) sum += epochs[static_cast<std::size_t>(k)].score;
    const double score = sum / static_cast<double>(last - first + 1);
    if (score > best_score) {
      best_score = score;
      best = e;
    }
  }
  return best;
}

}  // namespace stx
