// Sums and log-sum-exp of a row over observed columns, on the CPU.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "stx/math/special.hpp"

namespace stx::cpu {

/// Columns whose terms are on the stack at a time.
inline constexpr std::int64_t observed_block = 256;

/// Sum of values[0, n), n <= 256, of entries with mask 1 (or all) over 16 running sums.
template <class T>
T masked_sum(const T* __restrict values, const T* __restrict mask, std::int64_t n) {
  constexpr std::int64_t lanes = 16;
  T sums[lanes] = {};
  for (std::int64_t j = 0; j < n; j += lanes) {
    const std::int64_t used = std::min(lanes, n - j);
    if (mask != nullptr) {
      for (std::int64_t k = 0; k < used; ++k)
        sums[k] += math::select(mask[j + k] != T(0), values[j + k], T(0));
    } else {
      for (std::int64_t k = 0; k < used; ++k) sums[k] += values[j + k];
    }
  }
  for (std::int64_t half = lanes / 2; half > 0; half /= 2)
    for (std::int64_t k = 0; k < half; ++k) sums[k] += sums[k + half];
  return sums[0];
}

/// ln sum of e^a over observed columns; -inf without any.
template <class T>
T observed_lse(const T* __restrict a, const T* __restrict observed, std::int64_t cols) {
  constexpr std::int64_t block = observed_block, lanes = 16;
  T tops[lanes];
  std::fill_n(tops, lanes, T(-INFINITY));
  for (std::int64_t j = 0; j < cols; j += lanes) {
    const std::int64_t used = std::min(lanes, cols - j);
    for (std::int64_t k = 0; k < used; ++k) {
      const bool counts = observed == nullptr || observed[j + k] != T(0);
      // A comparison that NaN wins: the sum then shows it.
      tops[k] = counts && !(a[j + k] <= tops[k]) ? a[j + k] : tops[k];
    }
  }
  T top = tops[0];
  for (std::int64_t k = 1; k < lanes; ++k) top = tops[k] <= top ? top : tops[k];
  if (top == T(-INFINITY)) return top;
  T terms[block];
  double sum = 0;
  for (std::int64_t first = 0; first < cols; first += block) {
    const std::int64_t n = std::min(block, cols - first);
    const T* __restrict from = a + first;
    for (std::int64_t j = 0; j < n; ++j) terms[j] = math::exp(from[j] - top);
    sum += masked_sum(terms, observed != nullptr ? observed + first : nullptr, n);
  }
  return top + static_cast<T>(std::log(sum));
}

}  // namespace stx::cpu
