// Losses by their textbook formulas, in plain loops.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

namespace stx::test::naive {

template <class T>
using LossAndGrad = std::pair<T, std::vector<T>>;

/// Mean over rows with another label than `ignored`, and dL/dlogits.
template <class T>
LossAndGrad<T> cross_entropy(const std::vector<T>& logits, const std::vector<std::int32_t>& labels,
                             std::int64_t classes, std::int32_t ignored) {
  LossAndGrad<T> r{T(0), std::vector<T>(logits.size())};
  const auto n = static_cast<T>(
      std::max<std::ptrdiff_t>(1, static_cast<std::ptrdiff_t>(labels.size()) -
                                      std::count(labels.begin(), labels.end(), ignored)));
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] == ignored) continue;
    const T* a = logits.data() + i * classes;
    T sum = 0;
    for (std::int64_t j = 0; j < classes; ++j) sum += std::exp(a[j]);
    r.first += (std::log(sum) - a[labels[i]]) / n;
    for (std::int64_t j = 0; j < classes; ++j)
      r.second[i * classes + j] = (std::exp(a[j]) / sum - (j == labels[i] ? T(1) : T(0))) / n;
  }
  return r;
}

/// weight * sum |y - target|, and dL/dy.
template <class T>
LossAndGrad<T> l1_loss(const std::vector<T>& y, const std::vector<T>& target, T weight) {
  LossAndGrad<T> r{T(0), {}};
  for (std::size_t i = 0; i < y.size(); ++i) {
    r.first += weight * std::abs(y[i] - target[i]);
    r.second.push_back(y[i] == target[i] ? T(0) : std::copysign(weight, y[i] - target[i]));
  }
  return r;
}

/// Mean over columns of 1 - r, and dL/dprediction; centred sums, two passes.
template <class T>
LossAndGrad<T> pearson_loss(const std::vector<T>& prediction, const std::vector<T>& target,
                            std::int64_t rows, std::int64_t cols) {
  LossAndGrad<T> r{T(0), std::vector<T>(prediction.size())};
  for (std::int64_t j = 0; j < cols; ++j) {
    T mean_p = 0, mean_t = 0, vp = 0, vt = 0, cov = 0;
    for (std::int64_t i = 0; i < rows; ++i) {
      mean_p += prediction[i * cols + j] / T(rows);
      mean_t += target[i * cols + j] / T(rows);
    }
    for (std::int64_t i = 0; i < rows; ++i) {
      const T a = prediction[i * cols + j] - mean_p, b = target[i * cols + j] - mean_t;
      vp += a * a;
      vt += b * b;
      cov += a * b;
    }
    if (!(vp > 0) || !(vt > 0)) {
      r.first += T(1) / T(cols);
      continue;
    }
    const T correlation = cov / std::sqrt(vp * vt);
    r.first += (1 - correlation) / T(cols);
    for (std::int64_t i = 0; i < rows; ++i)
      r.second[i * cols + j] = -((target[i * cols + j] - mean_t) / std::sqrt(vp * vt) -
                                 correlation * (prediction[i * cols + j] - mean_p) / vp) /
                               T(cols);
  }
  return r;
}

/// Contrastive loss by its definition, anchors in rows: positive[i * n_b + j] in {0, 1}; form 0:
/// negatives alone in the denominator, 1: all, 2: the second revision of DCAVAE. Anchors with
/// nothing to say are 0.
template <class T>
T contrastive(const std::vector<T>& a, const std::vector<T>& b, const std::vector<int>& positive,
              std::int64_t n_a, std::int64_t n_b, std::int64_t dim, T temperature, int form) {
  T loss = 0;
  for (std::int64_t i = 0; i < n_a; ++i) {
    T pull = 0, denominator = 0, pairs = 0;
    std::int64_t n_positives = 0;
    for (std::int64_t j = 0; j < n_b; ++j) {
      T dot = 0, aa = 0, bb = 0;
      for (std::int64_t k = 0; k < dim; ++k) {
        dot += a[i * dim + k] * b[j * dim + k];
        aa += a[i * dim + k] * a[i * dim + k];
        bb += b[j * dim + k] * b[j * dim + k];
      }
      const T m =
          dot / std::max(std::sqrt(aa), T(1e-8)) / std::max(std::sqrt(bb), T(1e-8)) / temperature;
      const bool p = positive[i * n_b + j] != 0;
      n_positives += p ? 1 : 0;
      pull += p ? m : T(0);
      if (form == 2) denominator += std::exp(p ? T(0) : m);
      if (form == 1 || (form == 0 && !p)) {
        denominator += std::exp(m);
        pairs += 1;
      }
    }
    if (form == 2) {
      const std::int64_t rest = n_b - n_positives;
      if (n_b > 0) loss += -pull + (rest > 0 ? std::log(denominator) / T(rest) : T(0));
    } else if (n_positives > 0 && pairs > 0) {
      loss += -pull + T(n_positives) * std::log(denominator / pairs);
    }
  }
  return n_a > 0 ? loss / T(n_a) : T(0);
}

}  // namespace stx::test::naive
