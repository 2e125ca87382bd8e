// Sampling from a softmax through whole-number weights, whose sums are exact in any order.
#pragma once

#include "stx/math/random_variates.hpp"

namespace stx::math {

/// Bits of the largest weight, so that the sum of n weights stays below 2^62.
STX_HD inline std::uint32_t sample_weight_bits(std::int64_t n) {
  std::uint32_t bits = 62;
  while (bits > 0 && (std::int64_t{1} << (62 - bits)) < n) --bits;
  return bits;
}

/// 2^bits exp(kappa (x - largest)), as a whole number; the largest entry gets 2^bits, NaN 0.
/// Choices of values, no branches: a loop over it is vectorised.
STX_HD inline std::uint64_t sample_weight(float x, float largest, float kappa, std::uint32_t bits) {
  const float below = x == largest ? 0.0f : kappa * (x - largest);  // infinity - infinity is no number
  float weight = exact::exp(below) * static_cast<float>(std::uint64_t{1} << bits);
  weight = weight >= 1.0f ? weight : 0.0f;
  return static_cast<std::uint64_t>(static_cast<std::int64_t>(weight));
}

/// High 64 bits of a 128-bit product.
STX_HD inline std::uint64_t high_product(std::uint64_t a, std::uint64_t b) {
  const std::uint64_t a0 = a & 0xFFFFFFFFu, a1 = a >> 32, b0 = b & 0xFFFFFFFFu, b1 = b >> 32;
  const std::uint64_t middle = a1 * b0 + (a0 * b0 >> 32);
  const std::uint64_t other = a0 * b1 + (middle & 0xFFFFFFFFu);
  return a1 * b1 + (middle >> 32) + (other >> 32);
}

/// A whole number of [0, total) for draw i of the step.
STX_HD inline std::uint64_t sample_target(const StepState& state, std::uint32_t site, std::int64_t i,
                                          std::uint64_t total) {
  const PhiloxWords w = variate_words(state, RandomPurpose::choice, site, i, 0);
  return high_product(std::uint64_t{w.x} << 32 | w.y, total);
}

/// First k in [0, n) with inclusive[k] > target; inclusive ascends and its last value is above
/// target.
STX_HD inline std::int64_t find_above(const std::uint64_t* inclusive, std::int64_t n, std::uint64_t target) {
  std::int64_t low = 0, high = n - 1;
  while (low < high) {
    const std::int64_t middle = (low + high) / 2;
    if (inclusive[middle] > target) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

}  // namespace stx::math
