// Sums and maxima over a row that compilers can vectorise, in an order of their own.
#pragma once

#include <cstdint>

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

}  // namespace stx::cpu
