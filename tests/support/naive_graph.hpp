// Neighbours and graph attention in plain loops, independent of the library; T as in naive.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

namespace stx::test::naive {

/// Distances (or minus cosines) of `query` to all points, and the points in the order of nearness.
struct Ranked {
  std::vector<double> key;
  std::vector<std::int32_t> order;
};

inline Ranked rank_points(const double* query, const std::vector<double>& points, std::int64_t dims,
                          bool cosine) {
  Ranked r;
  const std::int64_t n = dims == 0 ? 0 : static_cast<std::int64_t>(points.size()) / dims;
  for (std::int64_t p = 0; p < n; ++p) {
    double square = 0, dot = 0, a = 0, b = 0;
    for (std::int64_t d = 0; d < dims; ++d) {
      const double x = query[d], y = points[p * dims + d];
      square += (x - y) * (x - y);
      dot += x * y;
      a += x * x;
      b += y * y;
    }
    r.key.push_back(cosine ? (a > 0 && b > 0 ? -dot / std::sqrt(a * b) : 0.0) : std::sqrt(square));
  }
  r.order.resize(n);
  std::iota(r.order.begin(), r.order.end(), 0);
  std::stable_sort(r.order.begin(), r.order.end(),
                   [&](std::int32_t i, std::int32_t j) { return r.key[i] < r.key[j]; });
  return r;
}

}  // namespace stx::test::naive
