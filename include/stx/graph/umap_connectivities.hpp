// Weights of a neighbour graph as UMAP and scanpy define them: a fuzzy simplicial set.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <tuple>
#include <vector>

#include "stx/core/parallel_for.hpp"
#include "stx/data/matrix.hpp"
#include "stx/graph/knn.hpp"

namespace stx {
namespace detail {

/// Local scale of one point: rho is the distance to the nearest other point, sigma is such that
/// sum_{j >= 1} exp(-max(0, d_j - rho) / sigma) = log2(k), found by at most 64 bisections.
struct LocalScale {
  double rho;
  double sigma;
};
inline LocalScale local_scale(std::span<const float> distances, double mean_of_all) {
  constexpr double tolerance = 1e-5, least_share = 1e-3;
  const double target = std::log2(static_cast<double>(distances.size()));
  double rho = 0, mean = 0;
  for (const float d : distances) {
    if (rho == 0 && d > 0) rho = d;  // distances ascend
    mean += d;
  }
  mean /= static_cast<double>(distances.size());
  double low = 0, high = std::numeric_limits<double>::infinity(), sigma = 1;
  for (int step = 0; step < 64; ++step) {
    double sum = 0;
    for (std::size_t j = 1; j < distances.size(); ++j) {
      sum += std::exp(-std::max(0.0, distances[j] - rho) / sigma);
    }
    if (std::abs(sum - target) < tolerance) break;
    (sum > target ? high : low) = sigma;
    sigma = std::isinf(high) ? sigma * 2 : (low + high) / 2;
  }
  return {rho, std::max(sigma, least_share * (rho > 0 ? mean : mean_of_all))};
}

}  // namespace detail

/// Symmetric connectivities (n x n, no diagonal) of a graph from knn_graph().
///
///   w(i, j) = exp(-max(0, d_ij - rho_i) / sigma_i) for the neighbours j of i, and
///   W = w + w^T - w o w^T (fuzzy union).
///
/// That is umap-learn's `fuzzy_simplicial_set` with local_connectivity 1, bandwidth 1 and
/// set_op_mix_ratio 1, the default of `scanpy.pp.neighbors` (McInnes, Healy, Melville 2018).
inline CsrMatrix<float> umap_connectivities(const KnnResult& graph, int threads = available_threads()) {
  const std::int64_t n = graph.indices.rows, k = graph.indices.cols;
  require(k >= 2 && graph.distances.rows == n && graph.distances.cols == k, "umap_connectivities",
          "expected n x k indices and distances with k >= 2, got ", n, " x ", k, " and ", graph.distances.rows, " x ",
          graph.distances.cols);
  double mean = 0;
  for (const float d : graph.distances.values) mean += d;
  mean /= static_cast<double>(n * k);
  Matrix<double> weight(n, k);
  parallel_for(threads, n, [&](std::int64_t i) {
    const detail::LocalScale scale = detail::local_scale(graph.distances.row(i), mean);
    for (std::int64_t j = 0; j < k; ++j) {
      const double excess = graph.distances(i, j) - scale.rho;
      const bool near = excess <= 0 || scale.sigma == 0;
      weight(i, j) = graph.indices(i, j) == i ? 0.0 : near ? 1.0 : std::exp(-excess / scale.sigma);
    }
  });

  // (row, column, from) with from = 0 for w and 1 for w^T; sorting brings the two of a pair
  // together.
  std::vector<std::tuple<std::int32_t, std::int32_t, int, double>> entries;
  entries.reserve(static_cast<std::size_t>(2 * n * k));
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = 0; j < k; ++j) {
      if (weight(i, j) == 0) continue;
      const auto row = static_cast<std::int32_t>(i);
      entries.emplace_back(row, graph.indices(i, j), 0, weight(i, j));
      entries.emplace_back(graph.indices(i, j), row, 1, weight(i, j));
    }
  }
  std::sort(entries.begin(), entries.end());
  CsrMatrix<float> out;
  out.rows = out.cols = n;
  out.indptr.assign(static_cast<std::size_t>(n + 1), 0);
  for (std::size_t e = 0; e < entries.size(); ++e) {
    const auto& [row, column, from, w] = entries[e];
    double joined = w;
    if (e + 1 < entries.size() && std::get<0>(entries[e + 1]) == row && std::get<1>(entries[e + 1]) == column) {
      const double other = std::get<3>(entries[++e]);
      joined = w + other - w * other;
    }
    out.indices.push_back(column);
    out.values.push_back(static_cast<float>(joined));
    ++out.indptr[row + 1];
  }
  for (std::int64_t i = 0; i < n; ++i) out.indptr[i + 1] += out.indptr[i];
  return out;
}

}  // namespace stx
