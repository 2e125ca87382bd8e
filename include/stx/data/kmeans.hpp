// k-means with k-means++ seeding; deterministic for a seed.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "stx/data/matrix.hpp"
#include "stx/math/philox.hpp"

namespace stx {

/// Group of each row of `points` (n x dims), in [0, k). Groups may stay empty where rows are equal.
///
/// Starts from k-means++ (Arthur, Vassilvitskii 2007) and repeats Lloyd's step until no row changes
/// its group, at most `max_iterations` times; equal distances go to the lower group.
/// \throws ArgumentError unless 1 <= k <= n.
inline std::vector<std::int32_t> kmeans(const Matrix<float>& points, int k, std::uint64_t seed = 0,
                                        int max_iterations = 50) {
  const std::int64_t n = points.rows, dims = points.cols;
  require(k >= 1 && k <= n, "kmeans", "k must lie in [1, ", n, "], the number of rows, got ", k);
  Matrix<double> centres(k, dims);
  const auto distance = [&](std::int64_t i, int c) {
    double sum = 0;
    for (std::int64_t d = 0; d < dims; ++d) {
      const double difference = points(i, d) - centres(c, d);
      sum += difference * difference;
    }
    return sum;
  };

  PhiloxStream random(seed, RandomPurpose::cluster);
  std::vector<double> nearest(static_cast<std::size_t>(n), std::numeric_limits<double>::infinity());
  std::int64_t chosen = random.below(static_cast<std::uint32_t>(n));
  for (int c = 0; c < k; ++c) {
    double total = 0;
    for (std::int64_t d = 0; d < dims; ++d) centres(c, d) = points(chosen, d);
    for (std::int64_t i = 0; i < n; ++i) total += nearest[i] = std::min(nearest[i], distance(i, c));
    double left = random.uniform() * total;
    for (chosen = 0; chosen < n - 1 && left >= nearest[chosen]; ++chosen) left -= nearest[chosen];
  }

  std::vector<std::int32_t> group(static_cast<std::size_t>(n), -1);
  for (int iteration = 0; iteration < max_iterations; ++iteration) {
    bool changed = false;
    for (std::int64_t i = 0; i < n; ++i) {
      int best = 0;
      double best_distance = distance(i, 0);
      for (int c = 1; c < k; ++c) {
        const double d = distance(i, c);
        if (d < best_distance) best_distance = d, best = c;
      }
      changed = changed || group[i] != best;
      group[i] = best;
    }
    if (!changed) break;
    Matrix<double> sums(k, dims);
    std::vector<std::int64_t> size(static_cast<std::size_t>(k), 0);
    for (std::int64_t i = 0; i < n; ++i) {
      ++size[group[i]];
      for (std::int64_t d = 0; d < dims; ++d) sums(group[i], d) += points(i, d);
    }
    for (int c = 0; c < k; ++c) {
      if (size[c] == 0) continue;  // an empty group keeps its centre
      for (std::int64_t d = 0; d < dims; ++d) centres(c, d) = sums(c, d) / static_cast<double>(size[c]);
    }
  }
  return group;
}

}  // namespace stx
