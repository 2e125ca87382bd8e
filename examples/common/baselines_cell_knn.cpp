#include "baselines_cell_knn.hpp"

#include <Eigen/Core>

namespace stx {

namespace {

using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

}  // namespace

void CellKnn::fit(const Matrix<float>& cell_inputs, const Matrix<float>& cell_targets) {
  detail::check_training(cell_inputs, cell_targets, "CellKnn");
  require(options_.temperature > 0, "CellKnn", "temperature must be positive, got ",
          options_.temperature);
  cells_ = detail::directions(cell_inputs);
  targets_ = cell_targets;
}

Matrix<float> CellKnn::predict(const Matrix<float>& spot_inputs) const {
  detail::check_inputs(spot_inputs, static_cast<std::size_t>(cells_.cols), "CellKnn");
  const Matrix<float> spots = detail::directions(spot_inputs);
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
