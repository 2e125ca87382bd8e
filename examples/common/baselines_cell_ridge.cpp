#include "baselines_cell_ridge.hpp"

#include <algorithm>

#include "stx/metrics/correlation.hpp"

namespace stx {

namespace {

Matrix<float> evenly_spaced(const Matrix<float>& m, std::int64_t rows, std::int64_t cols) {
  Matrix<float> out(std::min(rows, m.rows), std::min(cols, m.cols));
  for (std::int64_t i = 0; i < out.rows; ++i) {
    for (std::int64_t g = 0; g < out.cols; ++g) {
      out(i, g) = m(i * m.rows / out.rows, g * m.cols / out.cols);
    }
  }
  return out;
}

Matrix<float> genes_of(const Matrix<float>& m, const std::vector<std::int64_t>& genes) {
  Matrix<float> out(m.rows, static_cast<std::int64_t>(genes.size()));
  for (std::int64_t i = 0; i < m.rows; ++i) {
    for (std::int64_t g = 0; g < out.cols; ++g) out(i, g) = m(i, genes[g]);
  }
  return out;
}

double sum_of_correlations(const Matrix<float>& a, const Matrix<float>& b) {
  double sum = 0;
  std::vector<float> x(static_cast<std::size_t>(a.rows)), y(x.size());
  for (std::int64_t g = 0; g < a.cols; ++g) {
    for (std::int64_t i = 0; i < a.rows; ++i) {
      x[i] = a(i, g);
      y[i] = b(i, g);
    }
    sum += pearson(x, y);
  }
  return sum;
}

}  // namespace

void CellRidge::fit(const Matrix<float>& cell_inputs, const Matrix<float>& cell_targets) {
  detail::check_training(cell_inputs, cell_targets, "CellRidge");
  const GeneMoments inputs = column_moments(cell_inputs), targets = column_moments(cell_targets);
  lambda_ = options_.lambda;
  offset_ = targets.mean;
  weights_ = RidgeSystem(cell_inputs, inputs, cell_targets, targets).coefficients(lambda_);
}

Matrix<float> CellRidge::predict(const Matrix<float>& spot_inputs) const {
  detail::check_inputs(spot_inputs, static_cast<std::size_t>(weights_.rows()), "CellRidge");
  return LinearMap{column_moments(spot_inputs), offset_, weights_}.apply(spot_inputs, options_.threads);
}

double CellRidge::choose_lambda(const Matrix<float>& cell_inputs, const Matrix<float>& spot_inputs) const {
  detail::check_inputs(spot_inputs, static_cast<std::size_t>(cell_inputs.cols), "CellRidge");
  const Matrix<float> cells = evenly_spaced(cell_inputs, cell_inputs.rows, options_.max_genes);
  const Matrix<float> spots = evenly_spaced(spot_inputs, options_.max_spots, options_.max_genes);
  const int folds = static_cast<int>(std::min<std::int64_t>(options_.folds, cells.cols));
  if (folds < 2) return options_.lambda;  // one gene predicts nothing but itself
  std::vector<double> correlation(options_.grid.size(), 0.0);
  for (int fold = 0; fold < folds; ++fold) {
    std::vector<std::int64_t> kept, held_out;
    for (std::int64_t g = 0; g < cells.cols; ++g) (g % folds == fold ? held_out : kept).push_back(g);
    const Matrix<float> inputs = genes_of(cells, kept), targets = genes_of(cells, held_out);
    const GeneMoments target_moments = column_moments(targets);
    const RidgeSystem system(inputs, column_moments(inputs), targets, target_moments);
    const Matrix<float> seen = genes_of(spots, kept), truth = genes_of(spots, held_out);
    LinearMap map{column_moments(seen), target_moments.mean, {}};
    for (std::size_t i = 0; i < options_.grid.size(); ++i) {
      map.weights = system.coefficients(options_.grid[i]);
      correlation[i] += sum_of_correlations(truth, map.apply(seen, options_.threads));
    }
  }
  const auto best = std::max_element(correlation.begin(), correlation.end());
  require(best != correlation.end(), "CellRidge", "the grid of lambda is empty");
  return options_.grid[best - correlation.begin()];
}

}  // namespace stx
