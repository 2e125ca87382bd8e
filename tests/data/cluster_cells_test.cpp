#include "examples/common/cell_space.hpp"

#include <doctest/doctest.h>

#include "data/rand_index.hpp"
#include "stx/data/simulate.hpp"

TEST_CASE("clusters of simulated cells are their types") {
  const stx::SimulatedTissue tissue = stx::simulate_tissue({.n_spots = 1, .n_cells = 800});
  const stx::CsrMatrix<float> cells = stx::normalize_log1p(tissue.cells);
  const stx::ClusterResult got = stx::clusters_of_cells(cells, {});
  CHECK(got.components.cols == 50);
  const double index = adjusted_rand_index(got.labels, tissue.cell_types);
  MESSAGE(got.n_clusters, " clusters of 8 types, adjusted Rand index ", index);
  CHECK(index > 0.8);
  CHECK(stx::clusters_of_cells(cells, {.threads = 1}).labels == got.labels);
}

TEST_CASE("few cells and genes lower what is asked for") {
  const stx::SimulatedTissue tissue = stx::simulate_tissue({.n_spots = 1, .n_cells = 9, .n_genes = 6, .n_measured = 2});
  const stx::ClusterResult got = stx::clusters_of_cells(stx::normalize_log1p(tissue.cells), {});
  CHECK(got.components.cols == 5);
  CHECK(got.labels.size() == 9);
  CHECK_THROWS_AS(stx::clusters_of_cells(tissue.cells, {.n_top_genes = 3}), stx::ArgumentError);
  CHECK_THROWS_WITH_AS(stx::clusters_of_cells(stx::to_csr(stx::Matrix<float>(2, 4, 1.0f)), {}),
                       "[cluster_cells] needs at least 3 cells and 2 genes, got 2 x 4", stx::ArgumentError);
}
