#include "examples/common/clusters.hpp"

#include <algorithm>
#include <optional>

#include "examples/common/cell_space.hpp"
#include "stx/data/preprocess.hpp"

namespace stx {

namespace {

/// A column as labels; nothing when it holds no text. A missing label is "nan".
std::optional<std::vector<std::string>> texts(const Column& column) {
  std::vector<std::string> all;
  if (const auto* categories = std::get_if<Categorical>(&column.values)) {
    for (const auto code : categories->codes)
      all.push_back(code < 0 ? std::string("nan") : categories->categories[static_cast<std::size_t>(code)]);
  } else if (const auto* nullable = std::get_if<Nullable<std::string>>(&column.values)) {
    for (std::size_t i = 0; i < nullable->values.size(); ++i)
      all.push_back(nullable->missing[i] != 0 ? std::string("nan") : nullable->values[i]);
  } else if (const auto* strings = std::get_if<std::vector<std::string>>(&column.values)) {
    all = *strings;
  } else {
    return std::nullopt;
  }
  return all;
}

}  // namespace

std::vector<std::string> row_labels(const CountData& rows, const std::string& column, const std::string& file) {
  const Column* found = rows.file.obs.find(column);
  std::string others;
  for (const Column& other : rows.file.obs.columns)
    if (texts(other)) others += (others.empty() ? "" : ", ") + other.name;
  const std::string such = "; columns of text there: " + (others.empty() ? "none" : others);
  require<DataError>(found != nullptr, "cell_labels", "the ", file, " file has no obs column '", column, "'", such);
  const auto all = texts(*found);
  require<DataError>(all.has_value(), "cell_labels", "obs column '", column, "' of the ", file,
                     " file holds no text; labels must be strings or categories", such);
  std::vector<std::string> kept;
  for (const std::int64_t row : rows.rows) kept.push_back((*all)[static_cast<std::size_t>(row)]);
  return kept;
}

bool is_unknown_label(const std::string& label) {
  for (const char* unknown : {"", "nan", "NaN", "NA", "<NA>", "None"})
    if (label == unknown) return true;
  return false;
}

Centroids known_centroids(const CsrMatrix<float>& log_normalised, const std::vector<std::string>& labels,
                          const CentroidOptions& options, const Matrix<float>* positions) {
  std::vector<std::int64_t> rows;
  std::vector<std::string> known;
  for (std::size_t i = 0; i < labels.size(); ++i)
    if (!is_unknown_label(labels[i])) {
      rows.push_back(static_cast<std::int64_t>(i));
      known.push_back(labels[i]);
    }
  require<DataError>(!rows.empty(), "cell_labels", "no cell has a known type; is this the column of cell types?");
  if (rows.size() == labels.size()) return cluster_centroids(log_normalised, labels, options, positions);
  Matrix<float> places;
  if (positions != nullptr) {
    places = Matrix<float>(static_cast<std::int64_t>(rows.size()), positions->cols);
    for (std::int64_t i = 0; i < places.rows; ++i) std::ranges::copy(positions->row(rows[i]), places.row(i).begin());
  }
  return cluster_centroids(select_rows<float>(log_normalised, rows), known, options,
                           positions != nullptr ? &places : nullptr);
}

Centroids token_centroids(const CountData& cells, const std::vector<std::int64_t>& shared,
                          const TokenOptions& options) {
  const CsrMatrix<float> log_normalised = select_columns<float>(normalize_log1p(cells.counts), shared);
  std::vector<std::string> labels;
  ClusterResult clusters;
  if (options.label_column.empty() || options.centroid.max_tokens > 1)
    clusters = clusters_of_cells(log_normalised, options.cluster);
  labels = options.label_column.empty() ? label_strings(clusters.labels) : cell_labels(cells, options.label_column);
  return known_centroids(log_normalised, labels, options.centroid,
                         options.centroid.max_tokens > 1 ? &clusters.components : nullptr);
}

}  // namespace stx
