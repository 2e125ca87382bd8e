// Cluster centroids of single cells: the tokens that spatial spots attend to.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "stx/data/fnv1a.hpp"
#include "stx/data/kmeans.hpp"
#include "stx/data/matrix.hpp"

namespace stx {

struct CentroidOptions {
  int max_tokens = 1;            ///< most tokens per cluster; above 1 clusters are cut by k-means
  int min_cells_per_token = 10;  ///< a cluster of m cells gets at most m / min_cells_per_token tokens
  std::uint64_t seed = 0;        ///< seed of k-means
};

/// Tokens, ordered by cluster label as strings are ordered ("0", "1", "10", "2").
struct Centroids {
  Matrix<float> values;               ///< n_tokens x n_genes: mean log1p-normalised expression
  std::vector<std::string> names;     ///< cluster label; "label.part" where a cluster was cut
  std::vector<std::int64_t> n_cells;  ///< cells behind each token
  std::vector<std::int32_t> token;    ///< token of each cell
  std::uint64_t label_hash = 0;       ///< FNV-1a 64 of the labels, to tell clusterings apart
};

/// FNV-1a 64 of a list of labels, in order.
inline std::uint64_t hash_labels(const std::vector<std::string>& labels) {
  Fnv1a64 hash;
  for (const std::string& label : labels) hash.add(label).add_byte(0);
  return hash.value();
}

/// Labels as strings.
inline std::vector<std::string> label_strings(const std::vector<std::int32_t>& labels) {
  std::vector<std::string> out;
  for (const std::int32_t label : labels) out.push_back(std::to_string(label));
  return out;
}

namespace detail {

/// Cuts the cells `members` of one cluster into at most `n_parts` lists, the largest first.
inline std::vector<std::vector<std::int64_t>> cut_cluster(const std::vector<std::int64_t>& members,
                                                          const Matrix<float>& positions, int n_parts,
                                                          std::uint64_t seed) {
  Matrix<float> own(static_cast<std::int64_t>(members.size()), positions.cols);
  for (std::int64_t m = 0; m < own.rows; ++m) {
    std::copy_n(positions.row(members[m]).begin(), own.cols, own.row(m).begin());
  }
  std::vector<std::vector<std::int64_t>> parts(static_cast<std::size_t>(n_parts));
  const std::vector<std::int32_t> group = kmeans(own, n_parts, seed);
  for (std::size_t m = 0; m < members.size(); ++m) parts[group[m]].push_back(members[m]);
  std::erase_if(parts, [](const auto& part) { return part.empty(); });
  std::sort(parts.begin(), parts.end(), [](const auto& a, const auto& b) {
    return a.size() != b.size() ? a.size() > b.size() : a.front() < b.front();
  });
  return parts;
}

}  // namespace detail

/// Means of the rows of `log_normalised` (n_cells x n_genes) per cluster: means of logarithms, not
/// logarithms of means.
/// \param labels  one label per cell.
/// \param positions  n_cells x dims, e.g. principal components; needed only for max_tokens > 1.
/// \throws ArgumentError for labels or positions of the wrong number, or options out of range.
inline Centroids cluster_centroids(const CsrMatrix<float>& log_normalised, const std::vector<std::string>& labels,
                                   const CentroidOptions& options = {}, const Matrix<float>* positions = nullptr) {
  constexpr const char* where = "cluster_centroids";
  const std::int64_t n = log_normalised.rows;
  require(n > 0 && static_cast<std::int64_t>(labels.size()) == n, where, "expected one label for each of ", n,
          " cells (at least one), got ", labels.size());
  require(options.max_tokens >= 1 && options.min_cells_per_token >= 1, where,
          "max_tokens and min_cells_per_token must be at least 1, got ", options.max_tokens, " and ",
          options.min_cells_per_token);
  require(options.max_tokens == 1 || (positions && positions->rows == n), where, "max_tokens = ", options.max_tokens,
          " needs positions of all ", n, " cells");

  std::map<std::string, std::vector<std::int64_t>> members;
  for (std::int64_t i = 0; i < n; ++i) members[labels[i]].push_back(i);
  Centroids out;
  out.label_hash = hash_labels(labels);
  out.token.resize(static_cast<std::size_t>(n));
  for (const auto& [label, cells] : members) {
    const int n_parts = static_cast<int>(std::clamp<std::int64_t>(
        static_cast<std::int64_t>(cells.size()) / options.min_cells_per_token, 1, options.max_tokens));
    const auto parts = n_parts == 1 ? std::vector<std::vector<std::int64_t>>{cells}
                                    : detail::cut_cluster(cells, *positions, n_parts, options.seed);
    for (std::size_t part = 0; part < parts.size(); ++part) {
      for (const std::int64_t cell : parts[part]) {
        out.token[cell] = static_cast<std::int32_t>(out.names.size());
      }
      out.names.push_back(parts.size() == 1 ? label : label + "." + std::to_string(part));
      out.n_cells.push_back(static_cast<std::int64_t>(parts[part].size()));
    }
  }

  const auto n_tokens = static_cast<std::int64_t>(out.names.size());
  Matrix<double> sums(n_tokens, log_normalised.cols);
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = log_normalised.indptr[i]; j < log_normalised.indptr[i + 1]; ++j) {
      sums(out.token[i], log_normalised.indices[j]) += log_normalised.values[j];
    }
  }
  out.values = Matrix<float>(n_tokens, log_normalised.cols);
  for (std::int64_t t = 0; t < n_tokens; ++t) {
    for (std::int64_t g = 0; g < log_normalised.cols; ++g) {
      out.values(t, g) = static_cast<float>(sums(t, g) / static_cast<double>(out.n_cells[t]));
    }
  }
  return out;
}

}  // namespace stx
