// Sums and log-sum-exp of a row over observed columns, on the CPU.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "stx/backend/cpu/row_sum.hpp"
#include "stx/math/special.hpp"

namespace stx::cpu {

/// Columns whose terms are on the stack at a time.
inline constexpr std::int64_t observed_block = 256;

/// Sum of values[0, n) of entries with mask 1, or of all without a mask.
template <class T>
T masked_sum(const T* __restrict values, const T* __restrict mask, std::int64_t n) {
  if (mask == nullptr) return sum_over<T>(n, [=](std::int64_t j) { return values[j]; });
  return sum_over<T>(
      n, [=](std::int64_t j) { return math::select(mask[j] != T(0), values[j], T(0)); });
}

/// Largest f(j) over j in [0, n), at least -inf; NaN is passed over.
template <class T, class F>
T top_over(std::int64_t n, F&& f) {
  constexpr int lanes = 16;
  T tops[lanes];
  std::fill_n(tops, lanes, T(-INFINITY));
  const auto join = [](T& top, T value) { top = top < value ? value : top; };
  std::int64_t j = 0;
  for (; j + lanes <= n; j += lanes)
    for (int l = 0; l < lanes; ++l) join(tops[l], f(j + l));
  for (; j < n; ++j) join(tops[0], f(j));
  for (int l = 1; l < lanes; ++l) join(tops[0], tops[l]);
  return tops[0];
}

/// Largest observed value of a row, -inf without any.
template <class T>
T observed_top(const T* __restrict a, const T* __restrict observed, std::int64_t cols) {
  if (observed == nullptr) return top_over<T>(cols, [=](std::int64_t j) { return a[j]; });
  return top_over<T>(
      cols, [=](std::int64_t j) { return math::select(observed[j] != T(0), a[j], T(-INFINITY)); });
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
