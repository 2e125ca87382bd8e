// Random numbers and their judges in plain code, independent of the library.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "naive.hpp"

namespace stx::test::naive {

/// N(0, 1) of (row, column): Philox counter (column / 4, row, step, site * 256 + 8), Box and Muller
/// in double on two of its words, the first uniform rounded to float.
inline double normal(std::uint64_t seed, std::uint32_t step, std::uint32_t site, std::int64_t row,
                     std::int64_t column) {
  const auto words =
      philox({static_cast<std::uint32_t>(column / 4), static_cast<std::uint32_t>(row), step,
              site * 256 + 8},
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
  for (T v : values)
    counts[std::lower_bound(edges.begin(), edges.end(), static_cast<double>(v)) - edges.begin()] +=
        1;
  return counts;
}

}  // namespace stx::test::naive
