// True imputation by ridge regression: learned on single cells, applied to spots.
#pragma once

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <vector>

#include "baselines_ridge.hpp"
#include "stx/metrics/correlation.hpp"

namespace stx {

struct CellRidgeOptions {
  double lambda = 1;                           ///< penalty per cell, > 0; more shrinks more
  std::vector<double> grid = log_grid(-3, 3);  ///< candidates when spots are given to fit()
  int folds = 5;                  ///< parts of the input genes held out in turn to choose lambda
  std::int64_t max_genes = 1000;  ///< input genes looked at to choose lambda, evenly spaced
  std::int64_t max_spots = 5000;  ///< spots looked at to choose lambda, evenly spaced
  int threads = available_threads();  ///< results do not depend on it
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
  void fit(const Matrix<float>& cell_inputs, const Matrix<float>& cell_targets) {
    detail::check_training(cell_inputs, cell_targets, "CellRidge");
    const GeneMoments inputs = column_moments(cell_inputs), targets = column_moments(cell_targets);
    lambda_ = options_.lambda;
    offset_ = targets.mean;
    weights_ = RidgeSystem(cell_inputs, inputs, cell_targets, targets).coefficients(lambda_);
  }

  /// As above, choosing lambda on the measured genes of the spots.
  /// spot_inputs: (n_spots x n_inputs), log1p of raw counts, the genes of cell_inputs.
  void fit(const Matrix<float>& cell_inputs, const Matrix<float>& cell_targets,
           const Matrix<float>& spot_inputs) {
    detail::check_training(cell_inputs, cell_targets, "CellRidge");
    options_.lambda = choose_lambda(cell_inputs, spot_inputs);
    fit(cell_inputs, cell_targets);
  }

  /// (n_spots x n_targets), log1p of counts on the scale of the cells, for spot_inputs
  /// (n_spots x n_inputs), log1p of raw counts.
  Matrix<float> predict(const Matrix<float>& spot_inputs) const {
    detail::check_inputs(spot_inputs, static_cast<std::size_t>(weights_.rows()), "CellRidge");
    return LinearMap{column_moments(spot_inputs), offset_, weights_}.apply(spot_inputs,
                                                                           options_.threads);
  }

  double lambda() const { return lambda_; }  ///< the penalty used, per cell

 private:
  static Matrix<float> evenly_spaced(const Matrix<float>& m, std::int64_t rows, std::int64_t cols) {
    Matrix<float> out(std::min(rows, m.rows), std::min(cols, m.cols));
    for (std::int64_t i = 0; i < out.rows; ++i) {
      for (std::int64_t g = 0; g < out.cols; ++g) {
        out(i, g) = m(i * m.rows / out.rows, g * m.cols / out.cols);
      }
    }
    return out;
  }

  static Matrix<float> genes_of(const Matrix<float>& m, const std::vector<std::int64_t>& genes) {
    Matrix<float> out(m.rows, static_cast<std::int64_t>(genes.size()));
    for (std::int64_t i = 0; i < m.rows; ++i) {
      for (std::int64_t g = 0; g < out.cols; ++g) out(i, g) = m(i, genes[g]);
    }
    return out;
  }

  static double sum_of_correlations(const Matrix<float>& a, const Matrix<float>& b) {
    double sum = 0;
    std::vector<float> x(static_cast<std::size_t>(a.rows)), y(x.size());
    for (std::int64_t g = 0; g < a.cols; ++g) {
      for (std::int64_t i = 0; i < a.rows; ++i) {
        x[i] = a(i, g);
        y[i] = b(i, g);
      }
      sum += pearson(x, y);
    }
    return sum;
  }

  double choose_lambda(const Matrix<float>& cell_inputs, const Matrix<float>& spot_inputs) const {
    detail::check_inputs(spot_inputs, static_cast<std::size_t>(cell_inputs.cols), "CellRidge");
    const Matrix<float> cells = evenly_spaced(cell_inputs, cell_inputs.rows, options_.max_genes);
    const Matrix<float> spots = evenly_spaced(spot_inputs, options_.max_spots, options_.max_genes);
    const int folds = static_cast<int>(std::min<std::int64_t>(options_.folds, cells.cols));
    if (folds < 2) return options_.lambda;  // one gene predicts nothing but itself
    std::vector<double> correlation(options_.grid.size(), 0.0);
    for (int fold = 0; fold < folds; ++fold) {
      std::vector<std::int64_t> kept, held_out;
      for (std::int64_t g = 0; g < cells.cols; ++g)
        (g % folds == fold ? held_out : kept).push_back(g);
      const Matrix<float> inputs = genes_of(cells, kept), targets = genes_of(cells, held_out);
      const GeneMoments target_moments = column_moments(targets);
      const RidgeSystem system(inputs, column_moments(inputs), targets, target_moments);
      const Matrix<float> seen = genes_of(spots, kept), truth = genes_of(spots, held_out);
      LinearMap map{column_moments(seen), target_moments.mean, {}};
      for (std::size_t i = 0; i < options_.grid.size(); ++i) {
        map.weights = system.coefficients(options_.grid[i]);
        correlation[i] += sum_of_correlations(truth, map.apply(seen, options_.threads));
      }
    }
    const auto best = std::max_element(correlation.begin(), correlation.end());
    require(best != correlation.end(), "CellRidge", "the grid of lambda is empty");
    return options_.grid[best - correlation.begin()];
  }

  CellRidgeOptions options_;
  std::vector<double> offset_;
  Eigen::MatrixXd weights_;
  double lambda_ = 0;
};

}  // namespace stx
