// How well the probability of a zero count is predicted, gene by gene.
#pragma once

#include <cmath>
#include <vector>

#include "stx/core/parallel_for.hpp"
#include "stx/data/matrix.hpp"
#include "stx/metrics/calibration.hpp"
#include "stx/metrics/roc_auc.hpp"

namespace stx {

/// Zero prediction of one gene over the spots.
struct ZeroScores {
  double auc = 0;           ///< roc_auc of P(zero) for truth = 0; NaN without zeros or without others
  Calibration calibration;  ///< of P(zero)
};

/// Scores P(zero) of every gene.
///
/// @param truth   (n_spots, n_genes) counts, not negative
/// @param p_zero  (n_spots, n_genes) probabilities of a zero, in [0, 1]
/// @param n_bins  of the calibration curve
/// @return        one ZeroScores per gene; does not depend on `threads`
/// @throws ArgumentError for shapes that differ, DataError for a count that is negative or not
/// finite or a probability outside [0, 1]. Source: DCAVAE, section 8.
inline std::vector<ZeroScores> score_zeros(const Matrix<float>& truth, const Matrix<float>& p_zero, int threads,
                                           int n_bins = 5) {
  require(truth.rows == p_zero.rows && truth.cols == p_zero.cols, "score_zeros",
          "truth and p_zero must have the same shape, got ", truth.rows, " x ", truth.cols, " and ", p_zero.rows, " x ",
          p_zero.cols);
  std::vector<ZeroScores> scores(static_cast<std::size_t>(truth.cols));
  parallel_for(threads, truth.cols, [&](std::int64_t gene) {
    std::vector<float> probability(static_cast<std::size_t>(truth.rows));
    std::vector<std::uint8_t> zero(probability.size());
    for (std::int64_t i = 0; i < truth.rows; ++i) {
      const float count = truth(i, gene);
      require<DataError>(count >= 0 && std::isfinite(count), "score_zeros", "the count of gene ", gene, " at spot ", i,
                         " is ", count, "; counts must be finite and not negative");
      probability[i] = p_zero(i, gene);
      zero[i] = count == 0;
    }
    ZeroScores& s = scores[static_cast<std::size_t>(gene)];
    s.calibration = calibration_curve(probability, zero, n_bins);
    s.auc = roc_auc(probability, zero);
  });
  return scores;
}

}  // namespace stx
