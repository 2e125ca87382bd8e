// Principal axes and clusters of cells: functions of the library that take long to compile, compiled once.
#pragma once

#include "stx/data/cluster_cells.hpp"

namespace stx {

/// pca() of a sparse matrix.
PcaResult principal_axes(const CsrMatrix<float>& matrix, const PcaOptions& options);

/// Coordinates of the rows of `m` (at least 2 x 2) on their two leading principal axes: (rows, 2).
Matrix<double> principal_plane(const Matrix<float>& m, int threads);

/// cluster_cells() of log-normalised expression.
ClusterResult clusters_of_cells(const CsrMatrix<float>& log_normalised, const ClusterOptions& options);

}  // namespace stx
