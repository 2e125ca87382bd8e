// Repeatable random inputs that are exact in float, so that float and double runs see the same
// data.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "stx/core/shape.hpp"

namespace stx::test {

/// `n` values, uniform in [low, high), rounded to float.
inline std::vector<double> random_values(std::int64_t n, std::uint64_t seed, double low = -1, double high = 1) {
  std::mt19937_64 engine(seed);
  std::vector<double> values(static_cast<std::size_t>(n));
  for (double& v : values) v = static_cast<float>(low + (high - low) * static_cast<double>(engine() >> 11) * 0x1p-53);
  return values;
}

template <class T>
std::vector<T> convert(const std::vector<double>& values) {
  return std::vector<T>(values.begin(), values.end());
}

/// Sizes around the widths of warps, vector registers and tiles, and the empty one.
inline const std::vector<std::int64_t> odd_sizes = {0, 1, 31, 32, 33, 1023, 4097};

}  // namespace stx::test
