// Do neighbours share a label?
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "stx/data/matrix.hpp"

namespace stx {

/// Share of the k nearest neighbours that carry the query's label.
struct KnnPurity {
  double mean = std::numeric_limits<double>::quiet_NaN();  ///< over all labelled queries
  /// Over the labelled queries whose label some point has: the others can only score 0.
  double mean_shared = std::numeric_limits<double>::quiet_NaN();
  std::int64_t count = 0;         ///< queries in `mean`
  std::int64_t count_shared = 0;  ///< queries in `mean_shared`
  std::vector<double> per_query;  ///< NaN for a query without label or without neighbours
};

/// Purity from lists of neighbours.
///
/// A label is a number >= 0; a negative one is unknown. A query of unknown label is left out; a
/// neighbour of unknown label counts as another label; an id of -1 in a list (fewer than k points
/// exist) is no neighbour, and the share is of those that are. Neighbours within one set of points
/// must not list the query itself.
///
/// @param neighbours    (n_queries, at least k): point numbers, nearest first
/// @param query_labels  n_queries
/// @param point_labels  n_points
/// @param k             how many of the list to look at, at least 1
/// @throws ArgumentError when lengths do not match or k is outside [1, columns], DataError for an
/// id that is no point. Deterministic: yes. Source: DCAVAE, section 8 (knn purity, position
/// purity).
inline KnnPurity knn_purity(const Matrix<std::int32_t>& neighbours, std::span<const std::int32_t> query_labels,
                            std::span<const std::int32_t> point_labels, std::int64_t k) {
  require(static_cast<std::int64_t>(query_labels.size()) == neighbours.rows, "knn_purity",
          "there must be a label for each of the ", neighbours.rows, " queries, got ", query_labels.size());
  require(k >= 1 && k <= neighbours.cols, "knn_purity", "k must lie in [1, ", neighbours.cols,
          "], the length of the lists, got ", k);
  std::vector<bool> known;  // labels that some point has
  for (const std::int32_t label : point_labels) {
    if (label < 0) continue;
    if (static_cast<std::size_t>(label) >= known.size()) known.resize(label + std::size_t{1});
    known[label] = true;
  }
  KnnPurity result;
  double sum = 0, sum_shared = 0;
  for (std::int64_t i = 0; i < neighbours.rows; ++i) {
    const std::int32_t label = query_labels[i];
    double present = 0, same = 0;
    for (std::int64_t j = 0; j < k; ++j) {
      const std::int32_t id = neighbours(i, j);
      require<DataError>(id >= -1 && id < static_cast<std::int64_t>(point_labels.size()), "knn_purity", "neighbour ", j,
                         " of query ", i, " is point ", id, ", but there are ", point_labels.size(), " points");
      if (id < 0) continue;
      ++present;
      same += point_labels[id] == label;
    }
    if (label < 0 || present == 0) {
      result.per_query.push_back(std::numeric_limits<double>::quiet_NaN());
      continue;
    }
    const double share = same / present;
    result.per_query.push_back(share);
    sum += share;
    ++result.count;
    if (static_cast<std::size_t>(label) < known.size() && known[label]) {
      sum_shared += share;
      ++result.count_shared;
    }
  }
  if (result.count > 0) result.mean = sum / static_cast<double>(result.count);
  if (result.count_shared > 0) result.mean_shared = sum_shared / static_cast<double>(result.count_shared);
  return result;
}

}  // namespace stx
