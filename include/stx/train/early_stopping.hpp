// When to stop training.
#pragma once

#include <cstdint>
#include <limits>

namespace stx {

/// Keeps the best score (larger is better) and counts epochs without strict improvement.
struct EarlyStopping {
  std::int64_t patience = 10;  ///< epochs without improvement after which training stops
  double best = -std::numeric_limits<double>::infinity();
  std::int64_t best_epoch = -1;
  std::int64_t waited = 0;

  /// Takes the score of `epoch`; true if it is the best so far. A NaN never is.
  bool update(std::int64_t epoch, double score) {
    if (score > best) {
      best = score;
      best_epoch = epoch;
      waited = 0;
      return true;
    }
    ++waited;
    return false;
  }
  bool should_stop() const { return waited >= patience; }
};

}  // namespace stx
