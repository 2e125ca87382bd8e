#include "baselines_ridge.hpp"

#include <Eigen/Cholesky>
#include <algorithm>

namespace stx {

RidgeSystem::RidgeSystem(const Matrix<float>& inputs, const GeneMoments& input_moments, const Matrix<float>& targets,
                         const GeneMoments& target_moments) {
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

Eigen::MatrixXd RidgeSystem::coefficients(double lambda) const {
  require(lambda > 0, "RidgeSystem", "lambda must be positive, got ", lambda);
  Eigen::MatrixXd system = gram_;
  system.diagonal().array() += lambda * n_;
  const Eigen::MatrixXd solution = system.selfadjointView<Eigen::Lower>().llt().solve(right_);
  return dual_ ? Eigen::MatrixXd(inputs_.transpose() * solution) : solution;
}

Matrix<float> LinearMap::apply(const Matrix<float>& inputs, int threads) const {
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

}  // namespace stx
