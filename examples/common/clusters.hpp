// Single cells as a few tokens: what all models that attend to cells share.
#pragma once

#include "examples/common/pair_data.hpp"
#include "stx/data/centroids.hpp"
#include "stx/data/cluster_cells.hpp"

namespace stx {

struct TokenOptions {
  ClusterOptions cluster;
  CentroidOptions centroid;
  std::string label_column;  ///< obs column with given cell labels; empty: cluster the cells
};

/// Labels of the kept rows from the obs column `column`; `file` names the file in messages.
std::vector<std::string> row_labels(const CountData& rows, const std::string& column, const std::string& file);

/// True for what files write where no type is known: "", nan, NaN, NA, <NA>, None.
bool is_unknown_label(const std::string& label);

/// Labels of the kept cells from the obs column `column`.
inline std::vector<std::string> cell_labels(const CountData& cells, const std::string& column) {
  return row_labels(cells, column, "single-cell");
}

/// cluster_centroids of the cells whose label is known: cells of an unknown type are of no one type and make no token.
/// @throws DataError when no cell has a known label.
Centroids known_centroids(const CsrMatrix<float>& log_normalised, const std::vector<std::string>& labels,
                          const CentroidOptions& options, const Matrix<float>* positions = nullptr);

/// Normalises the cells over all their genes, keeps the genes `shared`, clusters, averages: tokens x
/// shared genes of log-normalised expression (CASPER, section 2 c, e, g).
Centroids token_centroids(const CountData& cells, const std::vector<std::int64_t>& shared, const TokenOptions& options);

}  // namespace stx
