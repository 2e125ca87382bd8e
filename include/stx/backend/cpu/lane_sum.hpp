// Sums that compilers can vectorise although they may not reorder additions.
#pragma once

#include <cstdint>

namespace stx::cpu {

/// value(0) + ... + value(n - 1) over 32 interleaved partial sums, added pairwise at the end: an order
/// that depends on n alone and errs less than a running sum.
template <class T, class F>
inline T lane_sum(std::int64_t n, F&& value) {
  constexpr int lanes = 32;
  T sums[lanes] = {};
  std::int64_t j = 0;
  for (; j + lanes <= n; j += lanes)
    for (int k = 0; k < lanes; ++k) sums[k] += value(j + k);
  for (int k = 0; j < n; ++j, ++k) sums[k] += value(j);
  for (int half = lanes / 2; half > 0; half /= 2)
    for (int k = 0; k < half; ++k) sums[k] += sums[k + half];
  return sums[0];
}

}  // namespace stx::cpu
