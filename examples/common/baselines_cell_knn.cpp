#include "baselines_cell_knn.hpp"

#include "baselines_cell_cosines.hpp"

namespace stx {

void CellKnn::fit(const Matrix<float>& cell_inputs, const Matrix<float>& cell_targets) {
  detail::check_training(cell_inputs, cell_targets, "CellKnn");
  require(options_.temperature > 0, "CellKnn", "temperature must be positive, got ", options_.temperature);
  cells_ = detail::directions(cell_inputs);
  targets_ = cell_targets;
}

Matrix<float> CellKnn::predict(const Matrix<float>& spot_inputs) const {
  const auto average = [](detail::RowMajor& weights, const auto& targets, auto out) {
    for (Eigen::Index i = 0; i < weights.rows(); ++i) {
      weights.row(i).array() -= weights.row(i).maxCoeff();
      weights.row(i) = weights.row(i).array().exp();
      weights.row(i) /= weights.row(i).sum();
    }
    out.noalias() = weights * targets;
  };
  return detail::from_cosines(cells_, targets_, spot_inputs, static_cast<float>(1 / options_.temperature),
                              options_.threads, "CellKnn", average);
}

}  // namespace stx
