// True imputation by ridge regression: learned on single cells, applied to spots.
#pragma once

#include <Eigen/Core>
#include <vector>

#include "baselines_ridge.hpp"

namespace stx {

struct CellRidgeOptions {
  double lambda = 1;                           ///< penalty per cell, > 0; more shrinks more
  std::vector<double> grid = log_grid(-3, 3);  ///< candidates when spots are given to fit()
  int folds = 5;                               ///< parts of the input genes held out in turn to choose lambda
  std::int64_t max_genes = 1000;               ///< input genes looked at to choose lambda, evenly spaced
  std::int64_t max_spots = 5000;               ///< spots looked at to choose lambda, evenly spaced
  int threads = available_threads();           ///< results do not depend on it
};

/// Ridge regression fitted on single cells and applied to spots (the floor of protocol G).
///
/// Preparation: raw counts become log1p(count), without totals, in cells and in spots; inputs are
/// z-scored over the cells when fitting and over the spots themselves when predicting, so that each
/// gene's platform-specific level and spread drop out; targets come back on the cells' scale,
/// `mean_g + sd_g z_g` of log1p counts (expm1 gives counts). Scored against the spots' counts per
/// 1e4 of the genes of the task, log1p, over 5 gene folds, the mean Pearson correlation is 0.256 on
/// osmfish with lambda = 1 (0.331 for expm1 of the prediction against raw counts) and 0.223 (0.315)
/// on starmap_vis_cortex with lambda = 5 (1000 / 200 cells).
///
/// Choosing lambda by cross-validation on the cells under-smooths, because it does not see the step
/// from cells to spots (osmfish 0.250, starmap_vis_cortex 0.198). Given the spots' inputs, fit()
/// therefore holds out measured input genes in turn, imputes them in the spots from the other
/// inputs, and takes the lambda with the best mean Pearson correlation (0.255 and 0.230).
/// No target gene of the spots is ever seen.
class CellRidge {
 public:
  explicit CellRidge(CellRidgeOptions options = {}) : options_(std::move(options)) {}

  /// cell_inputs: (n_cells x n_inputs), cell_targets: (n_cells x n_targets), log1p of raw counts.
  void fit(const Matrix<float>& cell_inputs, const Matrix<float>& cell_targets);

  /// As above, choosing lambda on the measured genes of the spots.
  /// spot_inputs: (n_spots x n_inputs), log1p of raw counts, the genes of cell_inputs.
  void fit(const Matrix<float>& cell_inputs, const Matrix<float>& cell_targets, const Matrix<float>& spot_inputs) {
    detail::check_training(cell_inputs, cell_targets, "CellRidge");
    options_.lambda = choose_lambda(cell_inputs, spot_inputs);
    fit(cell_inputs, cell_targets);
  }

  /// (n_spots x n_targets), log1p of counts on the scale of the cells, for spot_inputs
  /// (n_spots x n_inputs), log1p of raw counts.
  Matrix<float> predict(const Matrix<float>& spot_inputs) const;

  double lambda() const { return lambda_; }  ///< the penalty used, per cell

 private:
  double choose_lambda(const Matrix<float>& cell_inputs, const Matrix<float>& spot_inputs) const;

  CellRidgeOptions options_;
  std::vector<double> offset_;
  Eigen::MatrixXd weights_;
  double lambda_ = 0;
};

}  // namespace stx
