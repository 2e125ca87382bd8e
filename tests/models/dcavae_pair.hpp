// A simulated pair in memory, as load_pair() would give it.
#pragma once

#include <numeric>

#include "examples/common/pair_data.hpp"
#include "stx/data/csr_select.hpp"
#include "stx/data/simulate.hpp"
#include "support/random.hpp"

namespace dcavae_pair {

/// One side of a simulated tissue.
inline stx::CountData side(const stx::CsrMatrix<float>& counts, std::vector<std::string> genes, const char* row_name) {
  stx::CountData data;
  data.counts = counts;
  data.genes = std::move(genes);
  data.rows.resize(static_cast<std::size_t>(counts.rows));
  std::iota(data.rows.begin(), data.rows.end(), std::int64_t{0});
  data.columns.resize(data.genes.size());
  std::iota(data.columns.begin(), data.columns.end(), std::int64_t{0});
  for (const std::int64_t row : data.rows) data.names.push_back(row_name + std::to_string(row));
  data.file.obs.index = data.names;
  data.var.index = data.genes;
  return data;
}

inline stx::PairData simulated(const stx::SimulationOptions& options) {
  const stx::SimulatedTissue tissue = stx::simulate_tissue(options, 1);
  stx::PairData pair;
  pair.shared_sc = tissue.measured;
  for (const std::int64_t g : tissue.measured) {
    pair.shared_st.push_back(static_cast<std::int64_t>(pair.shared.size()));
    pair.shared.push_back(tissue.gene_names[static_cast<std::size_t>(g)]);
  }
  pair.st = side(tissue.spots, pair.shared, "spot");
  pair.sc = side(tissue.cells, tissue.gene_names, "cell");
  pair.coordinates = tissue.coordinates;
  return pair;
}

/// 90 spots of 18 genes, 60 cells of 22.
inline stx::PairData small_pair() {
  return simulated({.n_spots = 90, .n_cells = 60, .n_genes = 22, .n_measured = 18, .n_types = 4, .seed = 2});
}

/// The pair with other spatial counts of some shared genes, about as large as those that were there.
inline stx::PairData with_other_counts(stx::PairData pair, const std::vector<std::int64_t>& shared_genes,
                                       unsigned seed = 1) {
  stx::Matrix<float> dense = stx::to_dense(pair.st.counts);
  const auto draws = stx::test::random_values(dense.rows * static_cast<std::int64_t>(shared_genes.size()), seed, 0, 9);
  std::size_t at = 0;
  for (const std::int64_t g : shared_genes)
    for (std::int64_t i = 0; i < dense.rows; ++i)
      dense(i, pair.shared_st[static_cast<std::size_t>(g)]) = static_cast<float>(static_cast<int>(draws[at++]));
  stx::CsrMatrix<float> counts;
  counts.rows = dense.rows;
  counts.cols = dense.cols;
  for (std::int64_t i = 0; i < dense.rows; ++i) {
    for (std::int64_t c = 0; c < dense.cols; ++c) {
      if (dense(i, c) == 0) continue;
      counts.indices.push_back(static_cast<std::int32_t>(c));
      counts.values.push_back(dense(i, c));
    }
    counts.indptr.push_back(counts.nnz());
  }
  pair.st.counts = std::move(counts);
  return pair;
}

}  // namespace dcavae_pair
