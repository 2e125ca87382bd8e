#include "baselines_cell_nearest.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <numeric>

namespace stx {

namespace {

using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

}  // namespace

void CellNearest::fit(const Matrix<float>& cell_inputs, const Matrix<float>& cell_targets) {
  detail::check_training(cell_inputs, cell_targets, "CellNearest");
  require(options_.k >= 1, "CellNearest", "k must be at least 1, got ", options_.k);
  cells_ = detail::directions(cell_inputs);
  targets_ = cell_targets;
}

Matrix<float> CellNearest::predict(const Matrix<float>& spot_inputs) const {
  detail::check_inputs(spot_inputs, static_cast<std::size_t>(cells_.cols), "CellNearest");
  const Matrix<float> spots = detail::directions(spot_inputs);
  Matrix<float> out(spots.rows, targets_.cols);
  const auto view = [](const Matrix<float>& m) {
    return Eigen::Map<const RowMajor>(m.values.data(), m.rows, m.cols);
  };
  const std::int64_t k = std::min<std::int64_t>(options_.k, cells_.rows);
  constexpr std::int64_t block = 64;  // spots; their cosines with all cells are held at once
  parallel_chunks(options_.threads, spots.rows, block, [&](std::int64_t begin, std::int64_t end) {
    const RowMajor cosines = view(spots).middleRows(begin, end - begin) * view(cells_).transpose();
    std::vector<std::int64_t> order(static_cast<std::size_t>(cells_.rows));
    for (Eigen::Index i = 0; i < cosines.rows(); ++i) {
      std::iota(order.begin(), order.end(), std::int64_t{0});
      std::nth_element(order.begin(), order.begin() + (k - 1), order.end(), [&](std::int64_t a, std::int64_t b) {
        return cosines(i, a) != cosines(i, b) ? cosines(i, a) > cosines(i, b) : a < b;
      });
      std::sort(order.begin(), order.begin() + k);  // one order of the sum
      auto row = out.row(begin + i);
      for (std::int64_t c = 0; c < k; ++c)
        for (std::int64_t g = 0; g < out.cols; ++g) row[g] += targets_(order[c], g);
      for (float& v : row) v /= static_cast<float>(k);
    }
  });
  return out;
}

}  // namespace stx
