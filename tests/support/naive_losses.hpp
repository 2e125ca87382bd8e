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
  const auto n = static_cast<T>(std::max<std::ptrdiff_t>(
      1, static_cast<std::ptrdiff_t>(labels.size()) - std::count(labels.begin(), labels.end(), ignored)));
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

/// Mean over counted columns of 1 - r, and dL/dprediction; centred sums, two passes, over the rows of each
/// column whose mask is not 0 (an empty mask: all).
template <class T>
LossAndGrad<T> pearson_loss(const std::vector<T>& prediction, const std::vector<T>& target, std::int64_t rows,
                            std::int64_t cols, const std::vector<T>& mask = {}, std::int64_t least_rows = 0,
                            double least_variance = -1, double eps = 0) {
  LossAndGrad<T> r{T(0), std::vector<T>(prediction.size())};
  T counted = 0;
  for (std::int64_t j = 0; j < cols; ++j) {
    std::vector<std::int64_t> used;
    for (std::int64_t i = 0; i < rows; ++i)
      if (mask.empty() || mask[i * cols + j] != 0) used.push_back(i * cols + j);
    const T n = static_cast<T>(used.size());
    T mean_p = 0, mean_t = 0, vp = 0, vt = 0, cov = 0;
    for (std::int64_t k : used) {
      mean_p += prediction[k] / n;
      mean_t += target[k] / n;
    }
    for (std::int64_t k : used) {
      const T a = prediction[k] - mean_p, b = target[k] - mean_t;
      vp += a * a / n;
      vt += b * b / n;
      cov += a * b / n;
    }
    if (static_cast<std::int64_t>(used.size()) < least_rows || vt <= static_cast<T>(least_variance)) continue;
    counted += 1;
    if (!(vp > 0) || !(vt > 0)) {
      r.first += 1;
      continue;
    }
    const T below = std::sqrt(vp) * std::sqrt(vt) + static_cast<T>(eps);
    r.first += 1 - cov / below;
    for (std::int64_t k : used)
      r.second[k] =
          -((target[k] - mean_t) / below - cov / (below * below) * std::sqrt(vt / vp) * (prediction[k] - mean_p)) / n;
  }
  if (counted > 0) r.first /= counted;
  for (T& g : r.second) g /= counted;
  return r;
}

/// Contrastive loss by its definition, anchors in rows: positive[i * n_b + j] in {0, 1}; form 0:
/// negatives alone in the denominator, 1: all, 2: the second revision of DCAVAE. Anchors with
/// nothing to say are 0.
template <class T>
T contrastive(const std::vector<T>& a, const std::vector<T>& b, const std::vector<int>& positive, std::int64_t n_a,
              std::int64_t n_b, std::int64_t dim, T temperature, int form) {
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
      const T m = dot / std::max(std::sqrt(aa), T(1e-8)) / std::max(std::sqrt(bb), T(1e-8)) / temperature;
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
