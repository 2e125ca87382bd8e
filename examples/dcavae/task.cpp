#include "examples/dcavae/task.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "examples/common/clusters.hpp"
#include "examples/common/pair_data.hpp"
#include "examples/dcavae/labels.hpp"
#include "stx/data/check_counts.hpp"
#include "stx/data/csr_select.hpp"
#include "stx/data/folds.hpp"
#include "stx/data/preprocess.hpp"
#include "stx/train/shuffle.hpp"

namespace stx::dcavae {

namespace {

/// Genes outside the panel, the largest variance of log-normalised expression first.
std::vector<std::int64_t> extra_genes(const CsrMatrix<float>& counts, const std::vector<std::int64_t>& shared,
                                      std::int64_t most) {
  if (most == 0) return {};
  std::vector<char> in_panel(static_cast<std::size_t>(counts.cols), 0);
  for (const std::int64_t g : shared) in_panel[g] = 1;
  const CsrMatrix<float> logs = normalize_log1p(counts);
  std::vector<double> sum(in_panel.size(), 0.0), square(in_panel.size(), 0.0);
  for (std::int64_t e = 0; e < logs.nnz(); ++e) {
    const double v = logs.values[e];
    sum[logs.indices[e]] += v;
    square[logs.indices[e]] += v * v;
  }
  const auto n = static_cast<double>(counts.rows);
  std::vector<std::int64_t> genes;
  std::vector<double> variance(in_panel.size(), 0.0);
  for (std::size_t g = 0; g < in_panel.size(); ++g) {
    variance[g] = square[g] / n - sum[g] / n * (sum[g] / n);
    if (in_panel[g] == 0 && variance[g] > 0) genes.push_back(static_cast<std::int64_t>(g));
  }
  std::stable_sort(genes.begin(), genes.end(),
                   [&](std::int64_t a, std::int64_t b) { return variance[a] > variance[b]; });
  if (most > 0 && static_cast<std::int64_t>(genes.size()) > most) genes.resize(static_cast<std::size_t>(most));
  return genes;
}

/// Entries of the genes in `keep` (ascending column numbers); the number of columns stays.
CsrMatrix<float> only_columns(const CsrMatrix<float>& m, const std::vector<std::int64_t>& keep) {
  std::vector<char> kept(static_cast<std::size_t>(m.cols), 0);
  for (const std::int64_t g : keep) kept[g] = 1;
  CsrMatrix<float> out;
  out.rows = m.rows;
  out.cols = m.cols;
  for (std::int64_t i = 0; i < m.rows; ++i) {
    for (std::int64_t e = m.indptr[i]; e < m.indptr[i + 1]; ++e) {
      if (kept[m.indices[e]] == 0) continue;
      out.indices.push_back(m.indices[e]);
      out.values.push_back(m.values[e]);
    }
    out.indptr.push_back(out.nnz());
  }
  return out;
}

}  // namespace

void make_whole(CsrMatrix<float>& counts, const char* what, bool rounded) {
  const CountReport report = check_counts(counts, what);
  require<DataError>(report.n_fractional == 0 || rounded, what, report.n_fractional, " of ", counts.nnz(),
                     " values are not whole numbers; the model needs raw counts (--rounded rounds them)");
  if (report.n_fractional > 0)
    for (float& v : counts.values) v = std::round(v);
}

GeneSplit split_genes(std::int64_t n_shared, const std::vector<std::int64_t>& test, const Options& options,
                      std::uint64_t seed) {
  GeneSplit split;
  split.test = test;
  std::sort(split.test.begin(), split.test.end());
  split.train = complement(n_shared, split.test);
  if (options.validation_genes <= 0) return split;
  require<DataError>(split.train.size() >= 3, "dcavae",
                     "choosing the epoch by validation genes needs at least 3 "
                     "measured genes, got ",
                     split.train.size(), "; set validation_genes = 0");
  const auto n = std::clamp<std::size_t>(
      static_cast<std::size_t>(std::lround(options.validation_genes * static_cast<double>(split.train.size()))), 1,
      split.train.size() - 2);
  std::vector<std::int32_t> places(split.train.size());
  std::iota(places.begin(), places.end(), 0);
  places = shuffled(std::move(places), seed, 0);
  std::vector<std::int64_t> train;
  std::vector<char> chosen(places.size(), 0);
  for (std::size_t j = 0; j < n; ++j) chosen[places[j]] = 1;
  for (std::size_t j = 0; j < chosen.size(); ++j) (chosen[j] != 0 ? split.validation : train).push_back(split.train[j]);
  split.train = std::move(train);
  return split;
}

GeneSplit without_validation(GeneSplit split) {
  split.train.insert(split.train.end(), split.validation.begin(), split.validation.end());
  std::sort(split.train.begin(), split.train.end());
  split.validation.clear();
  return split;
}

std::vector<std::int64_t> decoder_genes(const PairData& pair, const Options& options) {
  std::vector<std::int64_t> genes = pair.shared_sc;
  const auto extra = extra_genes(pair.sc.counts, pair.shared_sc, options.extra_genes);
  genes.insert(genes.end(), extra.begin(), extra.end());
  return genes;
}

Task make_task(const PairData& pair, const GeneSplit& split, const Options& options) {
  Task task;
  task.split = split;
  task.n_shared = pair.n_shared();
  require<DataError>(split.train.size() >= 2, "dcavae", "at least 2 shared genes must be measured in space, got ",
                     split.train.size());
  task.reference = decoder_genes(pair, options);
  for (const std::int64_t g : task.reference) task.genes.push_back(pair.sc.genes[g]);

  task.cells = select_columns<float>(pair.sc.counts, task.reference);
  make_whole(task.cells, "single-cell counts", options.rounded);
  task.cell_totals = row_totals(task.cells);
  task.cell_inputs = split.train;
  if (!options.mask_cell_encoder) {
    task.cell_inputs.resize(task.reference.size());
    std::iota(task.cell_inputs.begin(), task.cell_inputs.end(), std::int64_t{0});
  }

  CsrMatrix<float> panel = select_columns<float>(pair.st.counts, pair.shared_st);
  make_whole(panel, "spatial counts", options.rounded);
  task.validation_counts = to_dense(select_columns<float>(panel, split.validation));
  panel.cols = task.n_genes();  // the extra genes are columns without entries
  task.spots = only_columns(panel, split.train);
  task.spot_totals = row_totals(task.spots);
  task.coordinates = pair.coordinates;
  if (!options.label_column.empty()) task.cell_labels = cell_labels(pair.sc, options.label_column);
  if (!options.spot_label_column.empty()) task.spot_labels = row_labels(pair.st, options.spot_label_column, "spatial");
  return task;
}

void check_labels(const PairData& pair, const Options& options) {
  std::vector<std::string> cells, spots;
  if (!options.label_column.empty()) cells = cell_labels(pair.sc, options.label_column);
  if (!options.spot_label_column.empty()) spots = row_labels(pair.st, options.spot_label_column, "spatial");
  if (!cells.empty()) encode_labels(cells, spots);
}

}  // namespace stx::dcavae
