// Random numbers and their judges in plain code, independent of the library.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "naive.hpp"

namespace stx::test::naive {

/// N(0, 1) of (row, column): Philox counter (column / 4, row, step, site * 256 + 8), Box and Muller
/// in double on two of its words, the first uniform rounded to float.
inline double normal(std::uint64_t seed, std::uint32_t step, std::uint32_t site, std::int64_t row,
                     std::int64_t column) {
  const auto words =
      philox({static_cast<std::uint32_t>(column / 4), static_cast<std::uint32_t>(row), step, site * 256 + 8},
             {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
  const std::size_t pair = column % 4 / 2 * 2;
  const double u = static_cast<float>((words[pair] + 0.5) / 4294967296.0);
  const double angle = 2 * M_PI * words[pair + 1] / 4294967296.0;
  return std::sqrt(-2 * std::log(u)) * (column % 2 == 0 ? std::cos(angle) : std::sin(angle));
}

/// A value that a chi-square of `df` degrees of freedom exceeds with probability 1e-4 (Wilson and
/// Hilferty 1931).
inline double chi_square_limit(double df) {
  const double spread = 2 / (9 * df);
  return df * std::pow(1 - spread + 3.719 * std::sqrt(spread), 3);
}

/// Sum of (observed - expected)^2 / expected.
inline double chi_square(const std::vector<double>& observed, const std::vector<double>& shares) {
  double n = 0, sum = 0;
  for (double o : observed) n += o;
  for (std::size_t i = 0; i < observed.size(); ++i)
    sum += (observed[i] - n * shares[i]) * (observed[i] - n * shares[i]) / (n * shares[i]);
  return sum;
}

/// How many values fall between neighbouring edges: (-inf, e0], (e0, e1], ..., (last, inf).
template <class T>
std::vector<double> histogram(const std::vector<T>& values, const std::vector<double>& edges) {
  std::vector<double> counts(edges.size() + 1);
  for (T v : values) counts[std::lower_bound(edges.begin(), edges.end(), static_cast<double>(v)) - edges.begin()] += 1;
  return counts;
}

/// The permutation of n items that a seed, site and counter name: a Feistel network on the least even number of bits
/// that holds n, whose rounds mix by MurmurHash3's finaliser, walked until it is below n.
inline std::vector<std::int32_t> permutation(std::uint32_t seed, std::uint32_t site, std::uint32_t counter,
                                             std::int64_t n) {
  std::uint64_t half = 2;  // values of half of the bits
  while (half * half < static_cast<std::uint64_t>(n)) half *= 2;
  std::vector<std::uint32_t> keys;
  for (std::uint32_t call : {0u, 1u})
    for (std::uint32_t word : philox({call, 0, counter, site * 256 + 10}, {seed, 0})) keys.push_back(word);
  const auto network = [&](std::uint64_t i) {
    std::uint64_t left = i / half, right = i % half;
    for (std::uint32_t round = 0; round < (half < 64 ? 24 : 8); ++round) {
      auto h = static_cast<std::uint32_t>(right * 0x9E3779B9u + keys[round % 8] + round / 8);
      h = (h ^ (h >> 16)) * 0x85EBCA6Bu;
      h = (h ^ (h >> 13)) * 0xC2B2AE35u;
      h = (h ^ (h >> 16));
      left = std::exchange(right, left ^ (h % half));
    }
    return left * half + right;
  };
  std::vector<std::int32_t> order;
  for (std::int64_t start = 0; start < n; ++start) {
    std::uint64_t i = network(static_cast<std::uint64_t>(start));
    while (i >= static_cast<std::uint64_t>(n)) i = network(i);
    if (i < 2 && n > 1 && keys[7] >= 0x80000000u) i = 1 - i;
    order.push_back(static_cast<std::int32_t>(i));
  }
  return order;
}

}  // namespace stx::test::naive
