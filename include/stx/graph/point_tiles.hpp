// Brute-force search on the CPU: points in tiles of 64 that one vectorised loop compares with a query.
#pragma once

#include <algorithm>
#include <limits>

#include "stx/math/nearest.hpp"

namespace stx::detail {

inline constexpr std::int64_t knn_tile = 64;  // points side by side in one vectorised loop

/// Values that pack_tiles() writes.
inline std::int64_t packed_size(std::int64_t n, std::int64_t dims) {
  return (n + knn_tile - 1) / knn_tile * knn_tile * dims;
}

/// Tile `tile` of the points (n x dims), dimension-major within a tile: value d of point p is at
/// [(p / 64 * dims + d) * 64 + p % 64]; the last tile is padded with zeros. Points are multiplied by
/// scale[p] unless it is null.
template <class T>
void pack_tile(const T* points, std::int64_t n, std::int64_t dims, const T* scale, std::int64_t tile,
               T* packed) {
  packed += tile * knn_tile * dims;
  const std::int64_t first = tile * knn_tile, count = std::min(knn_tile, n - first);
  if (count < knn_tile) std::fill_n(packed, knn_tile * dims, T(0));
  for (std::int64_t p = 0; p < count; ++p) {
    const T* point = points + (first + p) * dims;
    const T factor = scale == nullptr ? T(1) : scale[first + p];
    for (std::int64_t d = 0; d < dims; ++d) packed[d * knn_tile + p] = factor * point[d];
  }
}

/// Order keys of one query against the 64 points of a tile: squared distance, or minus the inner product.
template <class T>
void tile_keys(const T* query, const T* tile, std::int64_t dims, KnnMetric metric, T (&keys)[knn_tile]) {
  for (T& key : keys) key = T(0);
  if (metric == KnnMetric::euclidean) {
    for (std::int64_t d = 0; d < dims; ++d, tile += knn_tile)
      for (std::int64_t p = 0; p < knn_tile; ++p)
        keys[p] += math::key_term(KnnMetric::euclidean, query[d], tile[p]);
  } else {
    for (std::int64_t d = 0; d < dims; ++d, tile += knn_tile)
      for (std::int64_t p = 0; p < knn_tile; ++p) keys[p] += math::key_term(KnnMetric::cosine, query[d], tile[p]);
  }
}

/// The k smallest (key, index) seen so far, sorted; memory of the caller.
template <class T>
struct NearestList {
  T* keys;
  std::int32_t* indices;
  int k;

  void clear() {
    std::fill_n(keys, k, std::numeric_limits<T>::infinity());
    std::fill_n(indices, k, math::no_point);
  }
  void offer(T key, std::int32_t index) {
    if (!math::nearer(key, index, keys[k - 1], indices[k - 1])) return;
    int at = k - 1;
    for (; at > 0 && math::nearer(key, index, keys[at - 1], indices[at - 1]); --at) {
      keys[at] = keys[at - 1];
      indices[at] = indices[at - 1];
    }
    keys[at] = key;
    indices[at] = index;
  }
  /// Turns keys into scores; missing neighbours become NaN and -1.
  void finish(KnnMetric metric) {
    for (int j = 0; j < k; ++j) {
      const bool found = indices[j] != math::no_point;
      keys[j] = found ? math::nearest_score(metric, keys[j]) : std::numeric_limits<T>::quiet_NaN();
      if (!found) indices[j] = -1;
    }
  }
};

/// Offers every point to the lists of queries [begin, end), but for a query's own index if
/// `without_self`. list(q) makes the NearestList of query q.
template <class T, class List>
void search_tiles(const T* queries, std::int64_t begin, std::int64_t end, const T* packed, std::int64_t n_points,
                  std::int64_t dims, KnnMetric metric, bool without_self, List&& list) {
  T keys[knn_tile];
  for (std::int64_t first = 0; first < n_points; first += knn_tile) {
    const std::int64_t n = std::min(knn_tile, n_points - first);
    for (std::int64_t q = begin; q < end; ++q) {
      tile_keys(queries + q * dims, packed + first * dims, dims, metric, keys);
      NearestList<T> nearest = list(q);
      const T furthest = nearest.keys[nearest.k - 1];
      int near = 0;
      for (std::int64_t p = 0; p < knn_tile; ++p) near += keys[p] <= furthest;
      if (near == 0) continue;
      for (std::int64_t p = 0; p < n; ++p)
        if (!(without_self && first + p == q)) nearest.offer(keys[p], static_cast<std::int32_t>(first + p));
    }
  }
}

}  // namespace stx::detail
