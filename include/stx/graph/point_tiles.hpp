// Brute-force search on the CPU: points in tiles of 64 that one vectorised loop compares with a query.
#pragma once

#include <algorithm>
#include <limits>

#include "stx/backend/cpu/simd.hpp"
#include "stx/math/nearest.hpp"

namespace stx::detail {
inline namespace STX_SIMD {

inline constexpr std::int64_t knn_tile = 64;  // points side by side in one vectorised loop

/// Values that pack_tiles() writes.
inline std::int64_t packed_size(std::int64_t n, std::int64_t dims) {
  return (n + knn_tile - 1) / knn_tile * knn_tile * dims;
}

/// Tile `tile` of the points (n x dims), dimension-major within a tile: value d of point p is at
/// [(p / 64 * dims + d) * 64 + p % 64]; the last tile is padded with zeros.
template <class T>
void pack_tile(const T* points, std::int64_t n, std::int64_t dims, std::int64_t tile, T* packed) {
  packed += tile * knn_tile * dims;
  const std::int64_t first = tile * knn_tile, count = std::min(knn_tile, n - first);
  if (count < knn_tile) std::fill_n(packed, knn_tile * dims, T(0));
  for (std::int64_t p = 0; p < count; ++p) {
    const T* point = points + (first + p) * dims;
    for (std::int64_t d = 0; d < dims; ++d) packed[d * knn_tile + p] = point[d];
  }
}

/// Queries compared at once: together with four registers of points they fill the registers.
inline constexpr int knn_queries = cpu::simd_registers >= 32 ? 4 : 2;

/// Order keys of n queries (rows of dims values) against the 64 points of a tile: squared distance, or
/// minus the inner product. Every key is one sum in the order of the dimensions, whatever n is.
template <KnnMetric metric, int n, class T>
void tile_keys(const T* queries, const T* tile, std::int64_t dims, T (*keys)[knn_tile]) {
  using V = typename cpu::Simd<T>::type;
  constexpr int lanes = cpu::Simd<T>::lanes, registers = knn_tile / lanes < 4 ? knn_tile / lanes : 4;
  for (int first = 0; first < knn_tile; first += registers * lanes) {
    V sum[n][registers] = {};
    for (std::int64_t d = 0; d < dims; ++d) {
      V point[registers];
      for (int r = 0; r < registers; ++r) point[r] = cpu::simd_load(tile + d * knn_tile + first + r * lanes);
      for (int q = 0; q < n; ++q) {
        const V query = V{} + queries[q * dims + d];
        for (int r = 0; r < registers; ++r) {  // math::key_term of a register, which kernels do not know
          const V difference = point[r] - query;
          sum[q][r] += metric == KnnMetric::cosine ? -(query * point[r]) : difference * difference;
        }
      }
    }
    for (int q = 0; q < n; ++q)
      for (int r = 0; r < registers; ++r) cpu::simd_store(keys[q] + first + r * lanes, sum[q][r]);
  }
}
template <int n, class T>
void tile_keys(const T* queries, const T* tile, std::int64_t dims, KnnMetric metric, T (*keys)[knn_tile]) {
  if (metric == KnnMetric::euclidean) {
    tile_keys<KnnMetric::euclidean, n>(queries, tile, dims, keys);
  } else {
    tile_keys<KnnMetric::cosine, n>(queries, tile, dims, keys);
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

/// Offers points first, first + 1, ... but `left_out`.
template <class T>
void offer_keys(const T* keys, std::int64_t first, std::int64_t count, std::int64_t left_out, NearestList<T> nearest) {
  constexpr std::int64_t group = 16;  // looked at only if one of them is near enough
  const T furthest = nearest.keys[nearest.k - 1];
  for (std::int64_t begin = 0; begin < count; begin += group) {
    int near = 0;
    for (std::int64_t p = begin; p < begin + group; ++p) near += keys[p] <= furthest;
    if (near == 0) continue;
    for (std::int64_t p = begin; p < std::min(count, begin + group); ++p)
      if (first + p != left_out) nearest.offer(keys[p], static_cast<std::int32_t>(first + p));
  }
}

/// Offers every point to the lists of queries [begin, end), but for a query's own index if
/// `without_self`. list(q) makes the NearestList of query q.
template <class T, class List>
void search_tiles(const T* queries, std::int64_t begin, std::int64_t end, const T* packed, std::int64_t n_points,
                  std::int64_t dims, KnnMetric metric, bool without_self, List&& list) {
  T keys[knn_queries][knn_tile];
  for (std::int64_t first = 0; first < n_points; first += knn_tile) {
    const std::int64_t count = std::min(knn_tile, n_points - first);
    const T* tile = packed + first * dims;
    for (std::int64_t q = begin; q < end;) {
      const bool whole = q + knn_queries <= end;
      if (whole) {
        tile_keys<knn_queries>(queries + q * dims, tile, dims, metric, keys);
      } else {
        tile_keys<1>(queries + q * dims, tile, dims, metric, keys);
      }
      for (int i = 0; i < (whole ? knn_queries : 1); ++i, ++q)
        offer_keys(keys[i], first, count, without_self ? q : -1, list(q));
    }
  }
}

}  // namespace STX_SIMD
}  // namespace stx::detail
