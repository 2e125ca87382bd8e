// Exact k nearest neighbours by brute force, in any dimension and in bounded memory.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "stx/core/parallel_for.hpp"
#include "stx/data/matrix.hpp"
#include "stx/graph/point_tiles.hpp"

namespace stx {

struct KnnOptions {
  int k = 15;  ///< neighbours per query; knn_graph() counts the point itself, as scanpy does
  KnnMetric metric = KnnMetric::euclidean;
  int threads = available_threads();  ///< results do not depend on it
};

/// Neighbours of every query, nearest first; both matrices are (n_queries x k).
struct KnnResult {
  Matrix<std::int32_t> indices;
  Matrix<float> distances;
};

namespace detail {

/// Rows scaled to unit length; rows of zeros stay.
inline Matrix<float> unit_rows(Matrix<float> m) {
  for (std::int64_t i = 0; i < m.rows; ++i) {
    double square = 0;
    for (const float value : m.row(i)) square += double{value} * value;
    const double scale = square > 0 ? 1 / std::sqrt(square) : 0;
    for (float& value : m.row(i)) value = static_cast<float>(value * scale);
  }
  return m;
}

inline KnnResult knn_packed(const Matrix<float>& queries, const Matrix<float>& points, int k, bool without_self,
                            const KnnOptions& options) {
  const std::int64_t dims = points.cols, n_tiles = (points.rows + knn_tile - 1) / knn_tile;
  std::vector<float> packed(static_cast<std::size_t>(packed_size(points.rows, dims)));
  for (std::int64_t t = 0; t < n_tiles; ++t)
    pack_tile<float>(points.values.data(), points.rows, dims, t, packed.data());
  KnnResult out{Matrix<std::int32_t>(queries.rows, k), Matrix<float>(queries.rows, k)};
  constexpr std::int64_t block = 64;  // queries that share a tile while it is in the cache
  parallel_chunks(options.threads, queries.rows, block, [&](std::int64_t begin, std::int64_t end) {
    const auto list = [&](std::int64_t q) {
      return NearestList<float>{out.distances.row(q).data(), out.indices.row(q).data(), k};
    };
    for (std::int64_t q = begin; q < end; ++q) list(q).clear();
    search_tiles(queries.values.data(), begin, end, packed.data(), points.rows, dims, options.metric, without_self,
                 list);
    for (std::int64_t q = begin; q < end; ++q) {
      for (int j = 0; j < k; ++j) {
        const float key = out.distances(q, j);
        require<DataError>(std::isfinite(key), "knn", "distances from row ", q, " overflow; scale the values down");
        out.distances(q, j) = options.metric == KnnMetric::euclidean ? std::sqrt(key) : std::max(0.0f, 1.0f + key);
      }
    }
  });
  return out;
}

inline void check_knn(const Matrix<float>& m, const char* name, const char* where) {
  for (std::size_t i = 0; i < m.values.size(); ++i) {
    require<DataError>(std::isfinite(m.values[i]), where, name, " hold ", m.values[i], " at row ",
                       static_cast<std::int64_t>(i) / m.cols, "; clean the matrix first");
  }
}

}  // namespace detail

/// The k nearest rows of `points` (n x dims) for every row of `queries` (n_queries x dims); equal
/// distances are ordered by index. Distances are summed in float over differences (no cancellation:
/// copies of a row have exactly the same distances). Memory: one copy of `points` and the result.
/// \throws ArgumentError for k outside [1, n] or dims that differ; DataError for non-finite values.
inline KnnResult knn_search(const Matrix<float>& queries, const Matrix<float>& points, const KnnOptions& options = {}) {
  require(queries.cols == points.cols, "knn_search", "queries have ", queries.cols, " columns but points have ",
          points.cols);
  require(options.k >= 1 && options.k <= points.rows, "knn_search", "k must lie in [1, ", points.rows,
          "], the number of points, got ", options.k);
  detail::check_knn(queries, "queries", "knn_search");
  detail::check_knn(points, "points", "knn_search");
  if (options.metric == KnnMetric::euclidean) {
    return detail::knn_packed(queries, points, options.k, false, options);
  }
  return detail::knn_packed(detail::unit_rows(queries), detail::unit_rows(points), options.k, false, options);
}

/// The k-nearest-neighbour graph of `points`: each row lists the point itself first, at distance 0,
/// and then its k - 1 nearest others (also where copies of it have a lower index).
/// \throws as knn_search; ArgumentError for k outside [2, n].
inline KnnResult knn_graph(const Matrix<float>& points, const KnnOptions& options = {}) {
  require(options.k >= 2 && options.k <= points.rows, "knn_graph", "k must lie in [2, ", points.rows,
          "], the number of points, got ", options.k);
  detail::check_knn(points, "points", "knn_graph");
  const bool cosine = options.metric == KnnMetric::cosine;
  const Matrix<float> scaled = cosine ? detail::unit_rows(points) : Matrix<float>();
  const Matrix<float>& used = cosine ? scaled : points;
  const KnnResult others = detail::knn_packed(used, used, options.k - 1, true, options);
  KnnResult out{Matrix<std::int32_t>(points.rows, options.k), Matrix<float>(points.rows, options.k)};
  for (std::int64_t i = 0; i < points.rows; ++i) {
    out.indices(i, 0) = static_cast<std::int32_t>(i);
    std::copy_n(others.indices.row(i).begin(), options.k - 1, out.indices.row(i).begin() + 1);
    std::copy_n(others.distances.row(i).begin(), options.k - 1, out.distances.row(i).begin() + 1);
  }
  return out;
}

}  // namespace stx
