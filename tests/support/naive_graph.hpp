// Neighbours and graph attention in plain loops, independent of the library; T as in naive.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

namespace stx::test::naive {

/// Distances (or minus cosines) of `query` to all points, and the points in the order of nearness.
struct Ranked {
  std::vector<double> key;
  std::vector<std::int32_t> order;
};

inline Ranked rank_points(const double* query, const std::vector<double>& points, std::int64_t dims, bool cosine) {
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
  std::stable_sort(r.order.begin(), r.order.end(), [&](std::int32_t i, std::int32_t j) { return r.key[i] < r.key[j]; });
  return r;
}

/// Rows of a random graph: row i has about `degree` distinct sources; every seventh row has none,
/// row 1 has every node.
inline std::vector<std::vector<std::int32_t>> random_rows(std::int64_t n, double degree, std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  std::vector<std::vector<std::int32_t>> rows(n);
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int32_t j = 0; j < n; ++j)
      if (i == 1 || (i % 7 != 3 && static_cast<double>(engine() % 100000) < degree / n * 100000)) rows[i].push_back(j);
  return rows;
}

/// Graph attention of nodes over the sources in their rows, and its gradients for dL/dout.
template <class T>
struct Gat {
  std::vector<std::vector<std::int32_t>> rows;
  std::int64_t n_heads = 1, dim = 1;
  T slope = T(0.2);
  std::vector<T> h, a_src, a_dst, bias, factors, grad_out;  ///< factors: edges x n_heads, or empty

  std::vector<T> out{}, grad_h{}, grad_a_src{}, grad_a_dst{}, grad_bias{};

  void run() {
    const std::int64_t width = n_heads * dim;
    out.assign(h.size(), T(0));
    grad_h.assign(h.size(), T(0));
    grad_a_src.assign(width, T(0));
    grad_a_dst.assign(width, T(0));
    grad_bias.assign(width, T(0));
    std::int64_t first_edge = 0;
    for (std::int64_t i = 0; i < static_cast<std::int64_t>(rows.size()); ++i) {
      for (std::int64_t k = 0; k < n_heads; ++k) run_node(i, k, first_edge);
      for (std::int64_t c = 0; c < width; ++c) {
        if (!bias.empty()) out[i * width + c] += bias[c];
        grad_bias[c] += grad_out[i * width + c];
      }
      first_edge += static_cast<std::int64_t>(rows[i].size());
    }
  }

 private:
  void run_node(std::int64_t i, std::int64_t k, std::int64_t first_edge) {
    const std::vector<std::int32_t>& from = rows[i];
    if (from.empty()) return;
    const auto at = [&](std::int64_t node, std::int64_t c) { return (node * n_heads + k) * dim + c; };
    const T* src = a_src.data() + k * dim;
    const T* dst = a_dst.data() + k * dim;
    const std::size_t n = from.size();
    std::vector<T> raw(n), a(n), grad_a(n);
    T largest = -INFINITY, sum = 0, mean = 0;
    for (std::size_t e = 0; e < n; ++e) {
      for (std::int64_t c = 0; c < dim; ++c) raw[e] += h[at(from[e], c)] * src[c] + h[at(i, c)] * dst[c];
      a[e] = raw[e] > 0 ? raw[e] : slope * raw[e];
      largest = std::max(largest, a[e]);
    }
    for (T& x : a) sum += x = std::exp(x - largest);
    for (std::size_t e = 0; e < n; ++e) {
      a[e] /= sum;
      const T factor = factors.empty() ? T(1) : factors[(first_edge + e) * n_heads + k];
      for (std::int64_t c = 0; c < dim; ++c) {
        out[at(i, c)] += factor * a[e] * h[at(from[e], c)];
        grad_h[at(from[e], c)] += factor * a[e] * grad_out[at(i, c)];
        grad_a[e] += factor * grad_out[at(i, c)] * h[at(from[e], c)];
      }
      mean += a[e] * grad_a[e];
    }
    for (std::size_t e = 0; e < n; ++e) {
      const T grad = a[e] * (grad_a[e] - mean) * (raw[e] > 0 ? T(1) : slope);
      for (std::int64_t c = 0; c < dim; ++c) {
        grad_h[at(from[e], c)] += grad * src[c];
        grad_h[at(i, c)] += grad * dst[c];
        grad_a_src[k * dim + c] += grad * h[at(from[e], c)];
        grad_a_dst[k * dim + c] += grad * h[at(i, c)];
      }
    }
  }
};

}  // namespace stx::test::naive
