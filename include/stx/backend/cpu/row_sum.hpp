// Sums and maxima over a row, vectorised, in an order of their own: simd_sum and simd_dot of plain arrays keep
// four registers busy (up to twice as fast), sum_over and max_over take any term of an index.
#pragma once

#include <cstdint>

#include "stx/backend/cpu/simd.hpp"
#include "stx/core/macros.hpp"

namespace stx::cpu {

/// sum over j in [0, n) of f(j): 16 interleaved partial sums, combined pairwise. The order is fixed, so
/// the result is the same for every machine and compiler that does not reorder sums itself.
template <class T, class F>
inline T sum_over(std::int64_t n, F&& f) {
  constexpr int lanes = 16;
  T partial[lanes] = {};
  std::int64_t j = 0;
  for (; j + lanes <= n; j += lanes)
    for (int l = 0; l < lanes; ++l) partial[l] += f(j + l);
  for (int l = 0; j + l < n; ++l) partial[l] += f(j + l);
  for (int half = lanes / 2; half > 0; half /= 2)
    for (int l = 0; l < half; ++l) partial[l] += partial[l + half];
  return partial[0];
}

/// The largest of `lowest` and f(j), j in [0, n); NaN is passed over.
template <class T, class F>
inline T max_over(std::int64_t n, T lowest, F&& f) {
  constexpr int lanes = 16;
  T partial[lanes];
  for (int l = 0; l < lanes; ++l) partial[l] = lowest;
  const auto keep = [&](int l, T value) { partial[l] = value > partial[l] ? value : partial[l]; };
  std::int64_t j = 0;
  for (; j + lanes <= n; j += lanes)
    for (int l = 0; l < lanes; ++l) keep(l, f(j + l));
  for (int l = 0; j + l < n; ++l) keep(l, f(j + l));
  for (int half = lanes / 2; half > 0; half /= 2)
    for (int l = 0; l < half; ++l) keep(l, partial[l + half]);
  return partial[0];
}

inline namespace STX_SIMD {

namespace detail {

/// Sum of term(j) over vectors of lanes, four at a time, and of last(j) over what is left. The order
/// depends on n and on the machine's registers alone.
template <class T, class Term, class Last>
inline T simd_reduce(std::int64_t n, Term&& term, Last&& last) {
  using V = typename Simd<T>::type;
  constexpr int lanes = Simd<T>::lanes;
  V sums[4] = {};
  std::int64_t j = 0;
  for (; j + 4 * lanes <= n; j += 4 * lanes) {
    STX_UNROLL(4)
    for (int r = 0; r < 4; ++r) sums[r] += term(j + r * lanes);
  }
  for (; j + lanes <= n; j += lanes) sums[0] += term(j);
  T all[lanes];
  simd_store(all, (sums[0] + sums[1]) + (sums[2] + sums[3]));
  for (int half = lanes / 2; half > 0; half /= 2)
    for (int l = 0; l < half; ++l) all[l] += all[l + half];
  T rest = 0;
  for (; j < n; ++j) rest += last(j);
  return all[0] + rest;
}

}  // namespace detail

/// a_0 + ... + a_(n-1).
template <class T>
inline T simd_sum(const T* a, std::int64_t n) {
  return detail::simd_reduce<T>(
      n, [a](std::int64_t j) { return simd_load(a + j); }, [a](std::int64_t j) { return a[j]; });
}

/// a_0 b_0 + ... + a_(n-1) b_(n-1).
template <class T>
inline T simd_dot(const T* a, const T* b, std::int64_t n) {
  return detail::simd_reduce<T>(
      n, [a, b](std::int64_t j) { return simd_load(a + j) * simd_load(b + j); },
      [a, b](std::int64_t j) { return a[j] * b[j]; });
}

}  // namespace STX_SIMD
}  // namespace stx::cpu
