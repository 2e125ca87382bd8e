#include "examples/casper/gene_task.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "examples/common/baselines_cell_knn.hpp"
#include "examples/common/baselines_cell_ridge.hpp"
#include "examples/common/cell_space.hpp"
#include "examples/common/clusters.hpp"
#include "stx/data/preprocess.hpp"
#include "stx/train/shuffle.hpp"

namespace stx::casper {

GeneTaskScales measure_scales(const GeneTask& task) {
  GeneTaskScales scales;
  const CsrMatrix<float> inputs = select_columns<float>(*task.spots, task.st_inputs);
  scales.st_input = gene_moments(log1p_counts(inputs));
  scales.st_target = gene_moments(normalize_log1p(inputs, row_totals(inputs)));
  scales.cells = gene_moments(log1p_counts(*task.cells));
  return scales;
}

Centroids gene_tokens(const CountData& cells, const std::vector<std::int64_t>& shared, const Options& options,
                      int threads) {
  const CsrMatrix<float> panel = select_columns<float>(cells.counts, shared);
  const CsrMatrix<float> log_normalised = select_columns<float>(normalize_log1p(cells.counts), shared);
  const ClusterResult clusters = clusters_of_cells(
      log_normalised,
      {.n_components = static_cast<int>(options.n_components), .resolution = options.resolution, .threads = threads});
  const std::vector<std::string> labels =
      options.label_column.empty() ? label_strings(clusters.labels) : cell_labels(cells, options.label_column);
  const CsrMatrix<float> log_cells = log1p_counts(panel);
  Centroids tokens = known_centroids(log_cells, labels, {.max_tokens = static_cast<int>(options.tokens_per_cluster)},
                                     &clusters.components);
  zscore(tokens.values, gene_moments(log_cells));
  return tokens;
}

GeneTask gene_task(const PairData& pair, const Centroids& tokens, const std::vector<std::int64_t>& inputs,
                   const Options& options, std::uint64_t seed) {
  GeneTask task;
  task.spots = &pair.st.counts;
  task.cells = &pair.sc.counts;
  task.centroids = tokens.values;
  std::vector<std::int32_t> places;
  for (std::int64_t g : inputs) {
    task.st_inputs.push_back(pair.shared_st[g]);
    task.sc_inputs.push_back(pair.shared_sc[g]);
    places.push_back(static_cast<std::int32_t>(places.size()));
  }
  require<DataError>(inputs.size() >= least_inputs, "casper", "imputing genes needs at least ", least_inputs,
                     " shared genes as inputs, got ", inputs.size());
  const auto n_validation = std::clamp<std::size_t>(
      static_cast<std::size_t>(std::lround(options.validation_genes * static_cast<double>(inputs.size()))), 1,
      inputs.size() - 2);
  places = shuffled(std::move(places), seed, 0);
  task.trained.assign(inputs.size(), 1.0f);
  for (std::size_t j = 0; j < n_validation; ++j) task.trained[places[j]] = 0.0f;
  return task;
}

void to_space_scale(Matrix<float>& z, const std::vector<std::int64_t>& genes, const GeneScale& scale) {
  for (std::int64_t i = 0; i < z.rows; ++i)
    for (std::int64_t j = 0; j < z.cols; ++j)
      z(i, j) = static_cast<float>(scale.alpha[genes[j]] + scale.beta[genes[j]] * z(i, j));
}

CellSpace cell_space(const CsrMatrix<float>& log_cells, const CsrMatrix<float>& log_spots, const GeneTask& task,
                     const std::vector<std::int64_t>& sc_targets, const std::vector<std::int64_t>& rows) {
  const auto dense = [](const CsrMatrix<float>& m, const std::vector<std::int64_t>& columns) {
    return to_dense(select_columns<float>(m, columns));
  };
  return {dense(log_cells, task.sc_inputs), dense(log_cells, sc_targets),
          to_dense(select_rows<float>(select_columns<float>(log_spots, task.st_inputs), rows))};
}

Matrix<float> cell_scale_to_z(Matrix<float> y, const GeneTaskScales& scales,
                              const std::vector<std::int64_t>& sc_targets) {
  for (std::int64_t i = 0; i < y.rows; ++i)
    for (std::int64_t j = 0; j < y.cols; ++j) {
      const double sd = scales.cells.sd[sc_targets[j]];
      y(i, j) = sd > 0 ? static_cast<float>((y(i, j) - scales.cells.mean[sc_targets[j]]) / sd) : 0.0f;
    }
  return y;
}

GeneBaselines gene_baselines(const CellSpace& space, const GeneTaskScales& scales,
                             const std::vector<std::int64_t>& sc_targets, int threads) {
  GeneBaselines out;
  CellRidge ridge({.threads = threads});
  ridge.fit(space.cell_x, space.cell_y, space.spot_x);
  out.ridge = cell_scale_to_z(ridge.predict(space.spot_x), scales, sc_targets);
  CellKnn kernel({.threads = threads});
  kernel.fit(space.cell_x, space.cell_y);
  out.knn = cell_scale_to_z(kernel.predict(space.spot_x), scales, sc_targets);
  return out;
}

}  // namespace stx::casper
