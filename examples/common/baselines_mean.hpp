// The least a model must beat: every spot gets the mean of each gene.
#pragma once

#include <algorithm>

#include "baselines_moments.hpp"

namespace stx {

/// Predicts the mean of each target gene over the training spots, whatever the inputs.
class MeanBaseline {
 public:
  /// targets: (n_spots x n_targets); inputs: (n_spots x n_inputs), not used.
  void fit(const Matrix<float>& inputs, const Matrix<float>& targets) {
    detail::check_training(inputs, targets, "MeanBaseline");
    const std::vector<double> mean = column_moments(targets).mean;
    mean_.assign(mean.begin(), mean.end());
  }

  /// (n_spots x n_targets) for inputs (n_spots x n_inputs).
  Matrix<float> predict(const Matrix<float>& inputs) const {
    Matrix<float> out(inputs.rows, static_cast<std::int64_t>(mean_.size()));
    for (std::int64_t i = 0; i < out.rows; ++i) {
      std::copy(mean_.begin(), mean_.end(), out.row(i).begin());
    }
    return out;
  }

 private:
  std::vector<float> mean_;
};

}  // namespace stx
