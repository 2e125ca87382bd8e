#include "examples/common/cell_space.hpp"

namespace stx {

PcaResult principal_axes(const CsrMatrix<float>& matrix, const PcaOptions& options) { return pca(matrix, options); }

Matrix<double> principal_plane(const Matrix<float>& m, int threads) {
  const PcaResult axes = pca(m, {.n_components = 2, .threads = threads});
  Matrix<double> plane(m.rows, 2);
  std::copy(axes.scores.values.begin(), axes.scores.values.end(), plane.values.begin());
  return plane;
}

ClusterResult clusters_of_cells(const CsrMatrix<float>& log_normalised, const ClusterOptions& options) {
  return cluster_cells(log_normalised, options);
}

}  // namespace stx
