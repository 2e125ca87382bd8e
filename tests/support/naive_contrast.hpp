// Contrastive losses whose pairs share a denominator or carry weights, in plain code.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace stx::test::naive {

/// Two sets of vectors and their positive pairs (n_a x n_b); the rows of `a` are the anchors.
template <class T>
struct ContrastCase {
  std::vector<T> a, b;
  std::vector<int> positive;
  std::int64_t n_a, n_b, dim;
  T temperature;

  T m(std::int64_t i, std::int64_t j) const {
    T dot = 0, aa = 0, bb = 0;
    for (std::int64_t k = 0; k < dim; ++k) {
      dot += a[i * dim + k] * b[j * dim + k];
      aa += a[i * dim + k] * a[i * dim + k];
      bb += b[j * dim + k] * b[j * dim + k];
    }
    return dot / std::max(std::sqrt(aa), T(1e-8)) / std::max(std::sqrt(bb), T(1e-8)) / temperature;
  }
};

/// One mean of e^m over all pairs that are no positives.
template <class T>
T contrastive_global(const ContrastCase<T>& c) {
  T pull = 0, sum = 0, n_positives = 0, rest = 0;
  for (std::int64_t i = 0; i < c.n_a; ++i)
    for (std::int64_t j = 0; j < c.n_b; ++j) {
      const T m = c.m(i, j);
      if (c.positive[i * c.n_b + j]) {
        pull += m;
        n_positives += 1;
      } else {
        sum += std::exp(m);
        rest += 1;
      }
    }
  return n_positives > 0 && rest > 0 ? (n_positives * std::log(sum / rest) - pull) / T(c.n_a) : T(0);
}

/// Positives divided by their distance; the others weighted by a softmax of the inverse distances.
template <class T>
T contrastive_r1(const ContrastCase<T>& c, const std::vector<T>& distance) {
  T loss = 0;
  for (std::int64_t i = 0; i < c.n_a; ++i) {
    T pull = 0, n_positives = 0, weights = 0, sum = 0;
    const auto weight = [&](std::int64_t j) {
      return std::exp(c.positive[i * c.n_b + j] ? T(0) : T(1) / distance[i * c.n_b + j]);
    };
    for (std::int64_t j = 0; j < c.n_b; ++j) weights += weight(j);
    for (std::int64_t j = 0; j < c.n_b; ++j) {
      const T m = c.m(i, j);
      if (c.positive[i * c.n_b + j]) {
        pull += m / distance[i * c.n_b + j];
        n_positives += 1;
      }
      sum += std::exp(m * weight(j) / weights);
    }
    if (n_positives > 0) loss += n_positives * std::log(sum) - pull;
  }
  return c.n_a > 0 ? loss / T(c.n_a) : T(0);
}

}  // namespace stx::test::naive
