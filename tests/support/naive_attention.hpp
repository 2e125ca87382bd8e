// Attention in plain loops, independent of the library; T as in naive.hpp.
#pragma once

#include <cmath>

#include "naive.hpp"

namespace stx::test::naive {

/// A problem of multi-head attention; matrices are contiguous, one row per query or key.
template <class T>
struct MultiHead {
  std::int64_t batch = 1, n_queries = 1, n_keys = 1, n_heads = 1, head_dim = 1;
  T scale = T(1);
  Vec<T> q, k, v;
  Vec<T> bias;       ///< n_heads x n_queries x n_keys, or empty
  Vec<char> exists;  ///< batch x n_keys, or empty
  Vec<T> factors;    ///< batch * n_queries * n_heads x n_keys, or empty
  Vec<T> grad_out;

  Vec<T> out{}, weights{}, grad_q{}, grad_k{}, grad_v{}, grad_bias{};

  void run() {
    out.assign(q.size(), T(0));
    weights.assign(batch * n_heads * n_queries * n_keys, T(0));
    grad_q.assign(q.size(), T(0));
    grad_k.assign(k.size(), T(0));
    grad_v.assign(v.size(), T(0));
    grad_bias.assign(n_heads * n_queries * n_keys, T(0));
    for (std::int64_t b = 0; b < batch; ++b)
      for (std::int64_t h = 0; h < n_heads; ++h)
        for (std::int64_t i = 0; i < n_queries; ++i) run_row(b, h, i);
  }

 private:
  void run_row(std::int64_t b, std::int64_t h, std::int64_t i) {
    const std::int64_t width = n_heads * head_dim, row = b * n_queries + i;
    const auto key_at = [&](std::int64_t j, std::int64_t c) { return (b * n_keys + j) * width + h * head_dim + c; };
    const T* qi = q.data() + row * width + h * head_dim;
    const T* gi = grad_out.data() + row * width + h * head_dim;
    T* a = weights.data() + ((b * n_heads + h) * n_queries + i) * n_keys;
    Vec<T> score(n_keys, -INFINITY), grad_a(n_keys, T(0));
    T largest = -INFINITY, sum = 0, dot = 0;
    for (std::int64_t j = 0; j < n_keys; ++j) {
      if (!exists.empty() && !exists[b * n_keys + j]) continue;
      T product = 0;
      for (std::int64_t c = 0; c < head_dim; ++c) product += qi[c] * k[key_at(j, c)];
      score[j] = scale * product;
      if (!bias.empty()) score[j] += bias[(h * n_queries + i) * n_keys + j];
      largest = std::max(largest, score[j]);
    }
    if (!(largest > -INFINITY)) return;
    for (std::int64_t j = 0; j < n_keys; ++j) sum += std::exp(score[j] - largest);
    for (std::int64_t j = 0; j < n_keys; ++j) {
      a[j] = std::exp(score[j] - largest) / sum;
      const T factor = factors.empty() ? T(1) : factors[(row * n_heads + h) * n_keys + j];
      for (std::int64_t c = 0; c < head_dim; ++c) {
        out[row * width + h * head_dim + c] += factor * a[j] * v[key_at(j, c)];
        grad_v[key_at(j, c)] += factor * a[j] * gi[c];
        grad_a[j] += factor * gi[c] * v[key_at(j, c)];
      }
      dot += a[j] * grad_a[j];
    }
    for (std::int64_t j = 0; j < n_keys; ++j) {
      const T grad_score = a[j] * (grad_a[j] - dot);
      grad_bias[(h * n_queries + i) * n_keys + j] += grad_score;
      for (std::int64_t c = 0; c < head_dim; ++c) {
        grad_q[row * width + h * head_dim + c] += scale * grad_score * k[key_at(j, c)];
        grad_k[key_at(j, c)] += scale * grad_score * qi[c];
      }
    }
  }
};

}  // namespace stx::test::naive
