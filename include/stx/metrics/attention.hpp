// How decided an attention map is: entropy and top-2 gap of its rows.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "stx/data/matrix.hpp"
#include "stx/metrics/summary.hpp"

namespace stx {

/// Entropy and top-2 gap of every row of an attention map.
struct AttentionScores {
  std::vector<double> entropy;   ///< per row, nats, in [0, ln(n_clusters)]: 0 is one cluster alone
  std::vector<double> top2_gap;  ///< per row, largest minus second largest weight, in [0, 1]
  Summary entropy_summary;
  Summary top2_gap_summary;
};

/// `entropy = -sum_k a_k ln a_k` with 0 ln 0 = 0, `top2_gap = a_(1) - a_(2)` (a_(1) if there is one
/// cluster).
///
/// attention: (n_spots x n_clusters), rows non-negative with sum 1 (averaged over heads). Throws
/// DataError for a weight that is negative or not finite, or a row whose sum is off 1 by more than
/// 1e-3; ArgumentError without clusters.
inline AttentionScores score_attention(const Matrix<float>& attention) {
  require(attention.cols >= 1, "score_attention", "the map must have at least one cluster");
  AttentionScores scores;
  for (std::int64_t i = 0; i < attention.rows; ++i) {
    double entropy = 0, sum = 0, first = 0, second = 0;
    for (float weight : attention.row(i)) {
      const double a = weight;
      require<DataError>(a >= 0 && std::isfinite(a), "score_attention", "row ", i, " has the weight ", a,
                         "; weights must be non-negative and finite");
      if (a > 0) entropy -= a * std::log(a);
      sum += a;
      second = std::max(second, std::min(a, first));
      first = std::max(first, a);
    }
    require<DataError>(std::abs(sum - 1) <= 1e-3, "score_attention", "row ", i, " sums to ", sum,
                       " instead of 1; were the weights read with dropout on?");
    scores.entropy.push_back(std::max(entropy, 0.0));
    scores.top2_gap.push_back(first - second);
  }
  scores.entropy_summary = summarize(scores.entropy);
  scores.top2_gap_summary = summarize(scores.top2_gap);
  return scores;
}

}  // namespace stx
