// k nearest training spots: the non-linear reference without a model.
#pragma once

#include <algorithm>
#include <vector>

#include "baselines_moments.hpp"
#include "stx/graph/knn.hpp"

namespace stx {

struct KnnBaselineOptions {
  int k = 20;                                   ///< neighbours averaged; more smooths more
  std::vector<int> grid = {5, 10, 20, 40, 80};  ///< candidates when validation spots are given
  int threads = available_threads();            ///< results do not depend on it
};

/// Predicts the mean of the targets of the k training spots with the nearest inputs (Euclidean, on
/// inputs standardised over the training spots). With validation spots k is the candidate with the
/// smallest mean squared error on them. k never exceeds the number of training spots.
class KnnBaseline {
 public:
  explicit KnnBaseline(KnnBaselineOptions options = {}) : options_(std::move(options)) {}

  /// inputs: (n_spots x n_inputs), targets: (n_spots x n_targets).
  void fit(const Matrix<float>& inputs, const Matrix<float>& targets) {
    detail::check_training(inputs, targets, "KnnBaseline");
    require(options_.k >= 1, "KnnBaseline", "k must be at least 1, got ", options_.k);
    moments_ = column_moments(inputs);
    points_ = zscored(inputs, moments_);
    targets_ = targets;
    k_ = static_cast<int>(std::min<std::int64_t>(options_.k, inputs.rows));
  }

  /// As above, choosing k on validation spots (same genes).
  void fit(const Matrix<float>& inputs, const Matrix<float>& targets, const Matrix<float>& validation_inputs,
           const Matrix<float>& validation_targets) {
    fit(inputs, targets);
    std::vector<int> candidates;
    for (int k : options_.grid) {
      candidates.push_back(static_cast<int>(std::min<std::int64_t>(k, inputs.rows)));
    }
    require(!candidates.empty(), "KnnBaseline", "the grid of k is empty");
    const int largest = *std::max_element(candidates.begin(), candidates.end());
    const KnnResult nearest = search(validation_inputs, largest);
    const auto error_of = [&](int k) {
      return detail::mean_squared_difference(average(nearest, k), validation_targets);
    };
    k_ = detail::choose_smallest(candidates, error_of, "KnnBaseline");
  }

  /// (n_spots x n_targets) for inputs (n_spots x n_inputs).
  Matrix<float> predict(const Matrix<float>& inputs) const { return average(search(inputs, k_), k_); }

  int k() const { return k_; }  ///< the number of neighbours used

 private:
  KnnResult search(const Matrix<float>& inputs, int k) const {
    detail::check_inputs(inputs, moments_.mean.size(), "KnnBaseline");
    KnnOptions options;
    options.k = k;
    options.threads = options_.threads;
    return knn_search(zscored(inputs, moments_), points_, options);
  }

  /// Mean of the targets of the first k neighbours.
  Matrix<float> average(const KnnResult& nearest, int k) const {
    Matrix<float> out(nearest.indices.rows, targets_.cols);
    parallel_for(options_.threads, out.rows, [&](std::int64_t i) {
      for (int j = 0; j < k; ++j) {
        const auto neighbour = targets_.row(nearest.indices(i, j));
        for (std::int64_t g = 0; g < out.cols; ++g) out(i, g) += neighbour[g];
      }
      for (float& value : out.row(i)) value /= static_cast<float>(k);
    });
    return out;
  }

  KnnBaselineOptions options_;
  GeneMoments moments_;
  Matrix<float> points_, targets_;
  int k_ = 0;
};

}  // namespace stx
