// Sums and log-sum-exp of a row over observed columns, on the CPU.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "stx/backend/cpu/row_sum.hpp"
#include "stx/backend/cpu/simd_math.hpp"
#include "stx/math/special.hpp"

namespace stx::cpu {

/// Columns whose terms are on the stack at a time.
inline constexpr std::int64_t observed_block = 256;

/// Sum of values[0, n) of entries with mask 1, or of all without a mask.
template <class T>
T masked_sum(const T* __restrict values, const T* __restrict mask, std::int64_t n) {
  if (mask == nullptr) return sum_over<T>(n, [=](std::int64_t j) { return values[j]; });
  return sum_over<T>(n, [=](std::int64_t j) { return math::select(mask[j] != T(0), values[j], T(0)); });
}

/// Largest observed value of a row, -inf without any; NaN is passed over.
template <class T>
T observed_top(const T* __restrict a, const T* __restrict observed, std::int64_t cols) {
  if (observed == nullptr) return simd_top(a, cols, T(-INFINITY));
  T top = T(-INFINITY), values[observed_block];
  for (std::int64_t first = 0; first < cols; first += observed_block) {
    const std::int64_t n = std::min(observed_block, cols - first);
    for (std::int64_t j = 0; j < n; ++j)
      values[j] = math::select(observed[first + j] != T(0), a[first + j], T(-INFINITY));
    top = simd_top(values, n, top);
  }
  return top;
}

/// ln sum of e^a over observed columns; -inf without any, NaN if one is NaN beside numbers.
template <class T>
T observed_lse(const T* __restrict a, const T* __restrict observed, std::int64_t cols) {
  const T top = observed_top(a, observed, cols);
  if (top == T(-INFINITY)) return top;
  T terms[observed_block];
  double sum = 0;
  for (std::int64_t first = 0; first < cols; first += observed_block) {
    const std::int64_t n = std::min(observed_block, cols - first);
    const T* __restrict from = a + first;
    for (std::int64_t j = 0; j < n; ++j) terms[j] = math::exp(from[j] - top);
    sum += masked_sum(terms, observed != nullptr ? observed + first : nullptr, n);
  }
  return top + static_cast<T>(std::log(sum));
}

}  // namespace stx::cpu
