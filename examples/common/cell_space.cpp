#include "examples/common/cell_space.hpp"

namespace stx {

PcaResult principal_axes(const CsrMatrix<float>& matrix, const PcaOptions& options) { return pca(matrix, options); }

ClusterResult clusters_of_cells(const CsrMatrix<float>& log_normalised, const ClusterOptions& options) {
  return cluster_cells(log_normalised, options);
}

}  // namespace stx
