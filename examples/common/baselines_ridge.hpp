// Ridge regression: the linear reference of every protocol.
#pragma once

#include <Eigen/Core>
#include <utility>
#include <vector>

#include "baselines_moments.hpp"
#include "stx/core/parallel_for.hpp"

namespace stx {

/// The normal equations of `min_W |Y - Z W|^2 / n + lambda |W|^2` for standardised inputs Z
/// (n x n_inputs) and centred targets Y (n x n_targets), solved for any lambda by Cholesky.
/// Holds the smaller of the two equivalent systems: n_inputs or n unknowns.
class RidgeSystem {
 public:
  RidgeSystem(const Matrix<float>& inputs, const GeneMoments& input_moments, const Matrix<float>& targets,
              const GeneMoments& target_moments);

  /// W (n_inputs x n_targets); lambda > 0, per training row.
  Eigen::MatrixXd coefficients(double lambda) const;

 private:
  Eigen::MatrixXd gram_;    // lower triangle used: Z^T Z, or Z Z^T if dual
  Eigen::MatrixXd right_;   // Z^T Y, or Y if dual
  Eigen::MatrixXd inputs_;  // Z if dual
  double n_ = 0;
  bool dual_ = false;
};

/// A fitted linear map on its own scales: `out = offset + (inputs - mean) / sd * W`.
struct LinearMap {
  GeneMoments input;           ///< inputs with sd 0 are ignored
  std::vector<double> offset;  ///< (n_targets)
  Eigen::MatrixXd weights;     ///< (n_inputs x n_targets)

  /// (n x n_targets) for inputs (n x n_inputs); rows in blocks, over threads.
  Matrix<float> apply(const Matrix<float>& inputs, int threads) const;
};

struct RidgeOptions {
  double lambda = 1e-2;                        ///< penalty per training row, > 0; more shrinks more
  std::vector<double> grid = log_grid(-4, 2);  ///< candidates when validation spots are given
  int threads = available_threads();           ///< results do not depend on it
};

/// Ridge regression from input genes to target genes of the same spots.
///
/// Inputs are standardised over the training spots; the intercept is not penalised. With validation
/// spots lambda is the candidate with the smallest mean squared error on them; they never enter
/// the coefficients.
class RidgeBaseline {
 public:
  explicit RidgeBaseline(RidgeOptions options = {}) : options_(std::move(options)) {}

  /// inputs: (n_spots x n_inputs), targets: (n_spots x n_targets), both on the scale of the model.
  void fit(const Matrix<float>& inputs, const Matrix<float>& targets) {
    set_lambda(system_of(inputs, targets), options_.lambda);
  }

  /// As above, choosing lambda on validation spots (same genes).
  void fit(const Matrix<float>& inputs, const Matrix<float>& targets, const Matrix<float>& validation_inputs,
           const Matrix<float>& validation_targets) {
    const RidgeSystem system = system_of(inputs, targets);
    const auto error_of = [&](double lambda) {
      set_lambda(system, lambda);
      return detail::mean_squared_difference(predict(validation_inputs), validation_targets);
    };
    set_lambda(system, detail::choose_smallest(options_.grid, error_of, "RidgeBaseline"));
  }

  /// (n_spots x n_targets) for inputs (n_spots x n_inputs).
  Matrix<float> predict(const Matrix<float>& inputs) const {
    detail::check_inputs(inputs, map_.input.mean.size(), "RidgeBaseline");
    return map_.apply(inputs, options_.threads);
  }

  double lambda() const { return lambda_; }  ///< the penalty used

 private:
  RidgeSystem system_of(const Matrix<float>& inputs, const Matrix<float>& targets) {
    detail::check_training(inputs, targets, "RidgeBaseline");
    map_.input = column_moments(inputs);
    const GeneMoments target_moments = column_moments(targets);
    map_.offset = target_moments.mean;
    return RidgeSystem(inputs, map_.input, targets, target_moments);
  }

  void set_lambda(const RidgeSystem& system, double lambda) {
    map_.weights = system.coefficients(lambda);
    lambda_ = lambda;
  }

  RidgeOptions options_;
  LinearMap map_;
  double lambda_ = 0;
};

}  // namespace stx
