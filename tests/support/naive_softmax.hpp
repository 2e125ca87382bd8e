// Softmax and its gradient in plain loops.
#pragma once

#include <cmath>
#include <vector>

namespace stx::test::naive {

template <class T>
struct Softmax {
  std::vector<T> p, y, grad_x;
};

/// Rows of n values; `factors` are the dropout factors or empty.
template <class T>
Softmax<T> softmax(const std::vector<T>& x, const std::vector<T>& factors, const std::vector<T>& grad_y,
                   std::int64_t rows, std::int64_t n, double scale) {
  Softmax<T> r{x, x, x};
  for (std::int64_t i = 0; i < rows; ++i) {
    const T* row = x.data() + i * n;
    T largest = n > 0 ? row[0] : T(0), sum = 0, dot = 0;
    for (std::int64_t j = 0; j < n; ++j) largest = std::max(largest, row[j]);
    for (std::int64_t j = 0; j < n; ++j) sum += std::exp(T(scale) * (row[j] - largest));
    const auto factor = [&](std::int64_t j) { return factors.empty() ? T(1) : factors[i * n + j]; };
    const auto grad = [&](std::int64_t j) { return grad_y.empty() ? T(0) : grad_y[i * n + j] * factor(j); };
    for (std::int64_t j = 0; j < n; ++j) {
      r.p[i * n + j] = std::exp(T(scale) * (row[j] - largest)) / sum;
      r.y[i * n + j] = r.p[i * n + j] * factor(j);
      dot += grad(j) * r.p[i * n + j];
    }
    for (std::int64_t j = 0; j < n; ++j) r.grad_x[i * n + j] = T(scale) * r.p[i * n + j] * (grad(j) - dot);
  }
  return r;
}

}  // namespace stx::test::naive
