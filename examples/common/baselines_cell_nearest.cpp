#include "baselines_cell_nearest.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

#include "baselines_cell_cosines.hpp"

namespace stx {

void CellNearest::fit(const Matrix<float>& cell_inputs, const Matrix<float>& cell_targets) {
  detail::check_training(cell_inputs, cell_targets, "CellNearest");
  require(options_.k >= 1, "CellNearest", "k must be at least 1, got ", options_.k);
  cells_ = detail::directions(cell_inputs);
  targets_ = cell_targets;
}

Matrix<float> CellNearest::predict(const Matrix<float>& spot_inputs) const {
  const std::int64_t k = std::min<std::int64_t>(options_.k, cells_.rows);
  const auto average = [k](const detail::RowMajor& cosines, const auto& targets, auto out) {
    std::vector<Eigen::Index> order(static_cast<std::size_t>(cosines.cols()));
    for (Eigen::Index i = 0; i < cosines.rows(); ++i) {
      std::iota(order.begin(), order.end(), Eigen::Index{0});
      std::nth_element(order.begin(), order.begin() + (k - 1), order.end(), [&](Eigen::Index a, Eigen::Index b) {
        return cosines(i, a) != cosines(i, b) ? cosines(i, a) > cosines(i, b) : a < b;
      });
      std::sort(order.begin(), order.begin() + k);  // one order of the sum
      for (std::int64_t c = 0; c < k; ++c) out.row(i) += targets.row(order[static_cast<std::size_t>(c)]);
      out.row(i) /= static_cast<float>(k);
    }
  };
  return detail::from_cosines(cells_, targets_, spot_inputs, 1.0f, options_.threads, "CellNearest", average);
}

}  // namespace stx
