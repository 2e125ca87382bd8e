// Ridge regression: the linear reference of every protocol.
#pragma once

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <vector>

#include "baselines_moments.hpp"
#include "stx/core/parallel_for.hpp"

namespace stx {

/// The normal equations of `min_W |Y - Z W|^2 / n + lambda |W|^2` for standardised inputs Z
/// (n x n_inputs) and centred targets Y (n x n_targets), solved for any lambda by Cholesky.
/// Holds the smaller of the two equivalent systems: n_inputs or n unknowns.
class RidgeSystem {
 public:
  RidgeSystem(const Matrix<float>& inputs, const GeneMoments& input_moments,
              const Matrix<float>& targets, const GeneMoments& target_moments) {
    const Eigen::Index p = inputs.cols, t = targets.cols;
    dual_ = inputs.rows < p;
    // The primal system is summed over blocks of rows, so that only a block is held in double.
    const std::int64_t block = dual_ ? inputs.rows : 4096;
    if (!dual_) {
      gram_.setZero(p, p);
      right_.setZero(p, t);
    }
    for (std::int64_t begin = 0; begin < inputs.rows; begin += block) {
      const std::int64_t rows = std::min(block, inputs.rows - begin);
      Eigen::MatrixXd z(rows, p), y(rows, t);
      for (std::int64_t i = 0; i < rows; ++i) {
        for (std::int64_t g = 0; g < p; ++g) {
          const double sd = input_moments.sd[g];
          z(i, g) = sd > 0 ? (inputs(begin + i, g) - input_moments.mean[g]) / sd : 0.0;
        }
        for (std::int64_t g = 0; g < t; ++g) {
          y(i, g) = targets(begin + i, g) - target_moments.mean[g];
        }
      }
      if (dual_) {
        gram_ = z * z.transpose();
        right_ = std::move(y);
        inputs_ = std::move(z);
      } else {
        gram_.selfadjointView<Eigen::Lower>().rankUpdate(z.transpose());
        right_.noalias() += z.transpose() * y;
      }
    }
    n_ = static_cast<double>(inputs.rows);
  }

  /// W (n_inputs x n_targets); lambda > 0, per training row.
  Eigen::MatrixXd coefficients(double lambda) const {
    require(lambda > 0, "RidgeSystem", "lambda must be positive, got ", lambda);
    Eigen::MatrixXd system = gram_;
    system.diagonal().array() += lambda * n_;
    const Eigen::MatrixXd solution = system.selfadjointView<Eigen::Lower>().llt().solve(right_);
    return dual_ ? Eigen::MatrixXd(inputs_.transpose() * solution) : solution;
  }

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
  Matrix<float> apply(const Matrix<float>& inputs, int threads) const {
    Eigen::VectorXd scale(weights.rows());
    for (Eigen::Index g = 0; g < scale.size(); ++g) {
      scale(g) = input.sd[g] > 0 ? 1 / input.sd[g] : 0.0;
    }
    Matrix<float> out(inputs.rows, weights.cols());
    parallel_chunks(threads, inputs.rows, 256, [&](std::int64_t begin, std::int64_t end) {
      Eigen::MatrixXd z(end - begin, inputs.cols);
      for (std::int64_t i = begin; i < end; ++i) {
        for (std::int64_t g = 0; g < inputs.cols; ++g) {
          z(i - begin, g) = (inputs(i, g) - input.mean[g]) * scale(g);
        }
      }
      const Eigen::MatrixXd product = z * weights;
      for (std::int64_t i = begin; i < end; ++i) {
        for (std::int64_t g = 0; g < out.cols; ++g) {
          out(i, g) = static_cast<float>(offset[g] + product(i - begin, g));
        }
      }
    });
    return out;
  }
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
  void fit(const Matrix<float>& inputs, const Matrix<float>& targets,
           const Matrix<float>& validation_inputs, const Matrix<float>& validation_targets) {
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
