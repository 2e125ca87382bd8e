#include "baselines_cell_knn.hpp"

#include <Eigen/Core>
#include <cmath>

namespace stx {

namespace {

using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// Rows z-scored per gene over the rows of `m` and scaled to unit length; a zero row stays zero.
Matrix<float> directions(const Matrix<float>& m) {
  Matrix<float> z = zscored(m, column_moments(m));
  for (std::int64_t i = 0; i < z.rows; ++i) {
    double squares = 0;
    for (float value : z.row(i)) squares += double{value} * value;
    const double scale = squares > 0 ? 1 / std::sqrt(squares) : 0.0;
    for (float& value : z.row(i)) value = static_cast<float>(value * scale);
  }
  return z;
}

}  // namespace

void CellKnn::fit(const Matrix<float>& cell_inputs, const Matrix<float>& cell_targets) {
  detail::check_training(cell_inputs, cell_targets, "CellKnn");
  require(options_.temperature > 0, "CellKnn", "temperature must be positive, got ",
          options_.temperature);
  cells_ = directions(cell_inputs);
  targets_ = cell_targets;
}

Matrix<float> CellKnn::predict(const Matrix<float>& spot_inputs) const {
  detail::check_inputs(spot_inputs, static_cast<std::size_t>(cells_.cols), "CellKnn");
  const Matrix<float> spots = directions(spot_inputs);
  Matrix<float> out(spots.rows, targets_.cols);
  const auto view = [](const Matrix<float>& m) {
    return Eigen::Map<const RowMajor>(m.values.data(), m.rows, m.cols);
  };
  const auto scale = static_cast<float>(1 / options_.temperature);
  constexpr std::int64_t block = 64;  // spots; their weights for all cells are held at once
  parallel_chunks(options_.threads, spots.rows, block, [&](std::int64_t begin, std::int64_t end) {
    RowMajor weights =
        scale * (view(spots).middleRows(begin, end - begin) * view(cells_).transpose());
    for (Eigen::Index i = 0; i < weights.rows(); ++i) {
      weights.row(i).array() -= weights.row(i).maxCoeff();
      weights.row(i) = weights.row(i).array().exp();
      weights.row(i) /= weights.row(i).sum();
    }
    Eigen::Map<RowMajor>(out.values.data() + begin * out.cols, end - begin, out.cols).noalias() =
        weights * view(targets_);
  });
  return out;
}

}  // namespace stx
