// True imputation by copying: every spot is the mean of its most similar single cells.
#pragma once

#include "baselines_moments.hpp"
#include "stx/core/parallel_for.hpp"

namespace stx {

struct CellNearestOptions {
  int k = 50;                         ///< cells averaged; at most all of them
  int threads = available_threads();  ///< results do not depend on it
};

/// `out_i` = mean of the targets of the k cells whose profiles have the largest cosine with spot i: the
/// "naive" method of DCAVAE's tables, without its leak (nothing of a spot's target genes is used).
///
/// Preparation: as CellKnn; raw counts become log1p(count), inputs are z-scored per gene, cells over the
/// cells, spots over the spots. The result is on the targets' scale. Equal cosines: the earlier cell.
class CellNearest {
 public:
  explicit CellNearest(CellNearestOptions options = {}) : options_(options) {}

  /// cell_inputs: (n_cells x n_inputs) log1p of raw counts, cell_targets: (n_cells x n_targets).
  void fit(const Matrix<float>& cell_inputs, const Matrix<float>& cell_targets);

  /// (n_spots x n_targets) for spot_inputs (n_spots x n_inputs), log1p of raw counts.
  Matrix<float> predict(const Matrix<float>& spot_inputs) const;

 private:
  CellNearestOptions options_;
  Matrix<float> cells_;    // directions of the cells
  Matrix<float> targets_;  // (n_cells x n_targets)
};

}  // namespace stx
