// Clusters single cells the way scanpy does: PCA, neighbours, connectivities, Leiden.
// Needs igraph: link stx::leiden.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "stx/core/parallel_for.hpp"
#include "stx/data/pca.hpp"
#include "stx/data/preprocess.hpp"
#include "stx/graph/knn.hpp"
#include "stx/graph/leiden.hpp"
#include "stx/graph/umap_connectivities.hpp"

namespace stx {

struct ClusterOptions {
  /// Highly variable genes asked for: must not be fewer than there are (see
  /// require_all_genes_kept).
  std::int64_t n_top_genes = std::numeric_limits<std::int64_t>::max();
  int n_components = 50;              ///< principal components; lowered to min(n_cells, n_genes) - 1
  int n_neighbors = 15;               ///< neighbours, the cell itself included; lowered to n_cells
  double resolution = 1.0;            ///< of Leiden: higher gives more clusters
  int n_iterations = 2;               ///< of Leiden
  std::uint32_t seed = 0;             ///< of PCA and Leiden
  int threads = available_threads();  ///< results do not depend on it
};

struct ClusterResult {
  std::vector<std::int32_t> labels;  ///< cluster of each cell; 0 is the largest
  std::int32_t n_clusters = 0;
  double modularity = 0;
  Matrix<float> components;  ///< n_cells x n_components used: coordinates of the cells
};

/// Clusters the rows of `log_normalised` (n_cells x n_genes, log1p of normalised counts).
/// \throws ArgumentError with fewer than 3 cells or 2 genes; what pca() and leiden() throw.
/// A template, so that a file which only names the options does not compile the decomposition.
template <class T>
ClusterResult cluster_cells(const CsrMatrix<T>& log_normalised, const ClusterOptions& options = {}) {
  const std::int64_t n = log_normalised.rows;
  require(n >= 3 && log_normalised.cols >= 2, "cluster_cells", "needs at least 3 cells and 2 genes, got ", n, " x ",
          log_normalised.cols);
  require_all_genes_kept(log_normalised.cols, options.n_top_genes);
  const int most = static_cast<int>(std::min({n - 1, log_normalised.cols - 1, std::int64_t{1} << 30}));
  ClusterResult out;
  out.components =
      pca(log_normalised,
          {.n_components = std::min(options.n_components, most), .seed = options.seed, .threads = options.threads})
          .scores;
  const int k = static_cast<int>(std::min<std::int64_t>(options.n_neighbors, n));
  const KnnResult graph = knn_graph(out.components, {.k = k, .threads = options.threads});
  LeidenResult communities =
      leiden(umap_connectivities(graph, options.threads),
             {.resolution = options.resolution, .n_iterations = options.n_iterations, .seed = options.seed});
  out.labels = std::move(communities.labels);
  out.n_clusters = communities.n_clusters;
  out.modularity = communities.modularity;
  return out;
}

}  // namespace stx
