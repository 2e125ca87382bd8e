// Sums and maxima of a row over sixteen running values, so that compilers vectorise them; the order
// is fixed, so the result is the same on every run.
#pragma once

#include <cstdint>

namespace stx::cpu {

inline constexpr int lanes = 16;

namespace detail {

/// Combines n values: value(j) joined to lane j % 16, then the lanes in a tree.
template <class T, class Value, class Join>
T reduce_lanes(std::int64_t n, T initial, Value&& value, Join&& join) {
  T lane[lanes];
  for (int l = 0; l < lanes; ++l) lane[l] = initial;
  std::int64_t j = 0;
  for (; j + lanes <= n; j += lanes)
    for (int l = 0; l < lanes; ++l) lane[l] = join(lane[l], value(j + l));
  for (int l = 0; l < static_cast<int>(n - j); ++l) lane[l] = join(lane[l], value(j + l));
  for (int half = lanes / 2; half > 0; half /= 2)
    for (int l = 0; l < half; ++l) lane[l] = join(lane[l], lane[l + half]);
  return lane[0];
}

}  // namespace detail

template <class T>
T lane_sum(const T* a, std::int64_t n) {
  return detail::reduce_lanes(
      n, T(0), [a](std::int64_t j) { return a[j]; }, [](T x, T y) { return x + y; });
}

template <class T>
T lane_dot(const T* a, const T* b, std::int64_t n) {
  return detail::reduce_lanes(
      n, T(0), [a, b](std::int64_t j) { return a[j] * b[j]; }, [](T x, T y) { return x + y; });
}

/// Largest value, at least `least`; NaN is passed over.
template <class T>
T lane_max(const T* a, std::int64_t n, T least) {
  return detail::reduce_lanes(
      n, least, [a](std::int64_t j) { return a[j]; }, [](T x, T y) { return x < y ? y : x; });
}

}  // namespace stx::cpu
