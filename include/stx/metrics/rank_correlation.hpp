// Spearman's rho and Kendall's tau-b of two columns, with ties.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "stx/metrics/correlation.hpp"

namespace stx {

/// The values of one column in ascending order, equal values in one group.
struct Ranking {
  std::vector<std::uint32_t> order;  ///< positions of the values, ascending; equal ones by position
  std::vector<std::uint32_t> group;  ///< of each position: number of its group of equal values
  std::vector<double> average;       ///< of each position: mean of its group's 1-based ranks

  bool constant() const { return group[order.back()] == 0; }
};

/// Ranks `x` (n finite values, 1 <= n < 2^32) in O(n log n). -0 equals +0.
inline Ranking rank_values(std::span<const float> x) {
  // Order-preserving bits of the value above its position: one sort of plain integers.
  std::vector<std::uint64_t> keys(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(x[i] + 0.0f);
    const std::uint32_t ascending = (bits >> 31) != 0u ? ~bits : bits | 0x80000000u;
    keys[i] = std::uint64_t{ascending} << 32 | i;
  }
  std::sort(keys.begin(), keys.end());
  Ranking r;
  r.order.resize(x.size());
  r.group.resize(x.size());
  r.average.resize(x.size());
  std::uint32_t group = 0;
  for (std::size_t begin = 0, end = 0; begin < keys.size(); begin = end, ++group) {
    while (end < keys.size() && keys[end] >> 32 == keys[begin] >> 32) ++end;
    const double average = 0.5 * static_cast<double>(begin + 1 + end);
    for (std::size_t i = begin; i < end; ++i) {
      const auto position = static_cast<std::uint32_t>(keys[i]);
      r.order[i] = position;
      r.group[position] = group;
      r.average[position] = average;
    }
  }
  return r;
}

namespace detail {

/// Pairs of equal values: the sum of m (m - 1) / 2 over the runs of equal values of sorted `v`.
template <class T>
double count_tied_pairs(const std::vector<T>& v) {
  double pairs = 0;
  for (std::size_t begin = 0, end = 0; begin < v.size(); begin = end) {
    while (end < v.size() && v[end] == v[begin]) ++end;
    const auto m = static_cast<double>(end - begin);
    pairs += 0.5 * m * (m - 1);
  }
  return pairs;
}

/// Sorts `v` by merging runs and returns the number of pairs i < j with v[i] > v[j].
inline double sort_counting_inversions(std::vector<std::uint32_t>& v) {
  const std::size_t n = v.size();
  double inversions = 0;
  constexpr std::size_t short_run = 16;
  for (std::size_t begin = 0; begin < n; begin += short_run) {
    for (std::size_t i = begin + 1; i < std::min(n, begin + short_run); ++i) {
      const std::uint32_t value = v[i];
      std::size_t j = i;
      for (; j > begin && v[j - 1] > value; --j) v[j] = v[j - 1];
      v[j] = value;
      inversions += static_cast<double>(i - j);
    }
  }
  std::vector<std::uint32_t> merged(n);
  for (std::size_t width = short_run; width < n; width *= 2) {
    for (std::size_t begin = 0; begin < n; begin += 2 * width) {
      const std::size_t middle = std::min(n, begin + width), end = std::min(n, middle + width);
      std::size_t left = begin, right = middle;
      for (std::size_t k = begin; k < end; ++k) {
        const bool take_right = left == middle || (right < end && v[right] < v[left]);
        if (take_right) inversions += static_cast<double>(middle - left);
        merged[k] = take_right ? v[right++] : v[left++];
      }
    }
    v.swap(merged);
  }
  return inversions;
}

}  // namespace detail

/// Spearman's rho: the Pearson correlation of average ranks, in [-1, 1]; 0 if a column is constant.
inline double spearman(const Ranking& x, const Ranking& y) {
  require(x.order.size() == y.order.size() && !x.order.empty(), "spearman",
          "the columns must have the same length, at least 1; got ", x.order.size(), " and ", y.order.size());
  if (x.constant() || y.constant()) return 0;
  const double mean = 0.5 * static_cast<double>(x.order.size() + 1);
  double xx = 0, yy = 0, xy = 0;
  for (std::size_t i = 0; i < x.average.size(); ++i) {
    const double dx = x.average[i] - mean, dy = y.average[i] - mean;
    xx += dx * dx;
    yy += dy * dy;
    xy += dx * dy;
  }
  return std::clamp(xy / (std::sqrt(xx) * std::sqrt(yy)), -1.0, 1.0);
}

/// Kendall's tau-b: `(concordant - discordant) / sqrt((pairs - ties_x) (pairs - ties_y))`, in
/// [-1, 1]; 0 if a column is constant.
///
/// O(n log n): discordant pairs are the inversions left in y after sorting by x, then y (Knight
/// 1966, J. Am. Stat. Assoc. 61:436). Counts are exact up to n = 9e7.
inline double kendall_tau_b(const Ranking& x, const Ranking& y) {
  const std::size_t n = x.order.size();
  require(n == y.order.size() && n > 0, "kendall_tau_b", "the columns must have the same length, at least 1; got ", n,
          " and ", y.order.size());
  if (x.constant() || y.constant()) return 0;
  std::vector<std::uint32_t> y_by_x(n);
  for (std::size_t i = 0; i < n; ++i) y_by_x[i] = y.group[x.order[i]];
  double ties_x = 0, ties_both = 0;
  std::vector<std::uint32_t> run;
  for (std::size_t begin = 0, end = 0; begin < n; begin = end) {
    while (end < n && x.group[x.order[end]] == x.group[x.order[begin]]) ++end;
    const auto m = static_cast<double>(end - begin);
    if (end - begin == 1) continue;
    ties_x += 0.5 * m * (m - 1);
    const auto first = y_by_x.begin() + static_cast<std::ptrdiff_t>(begin);
    const auto last = y_by_x.begin() + static_cast<std::ptrdiff_t>(end);
    std::sort(first, last);
    run.assign(first, last);
    ties_both += detail::count_tied_pairs(run);
  }
  const double discordant = detail::sort_counting_inversions(y_by_x);
  const double ties_y = detail::count_tied_pairs(y_by_x);  // sorted by now
  const double pairs = 0.5 * static_cast<double>(n) * static_cast<double>(n - 1);
  const double difference = pairs - ties_x - ties_y + ties_both - 2 * discordant;
  return std::clamp(difference / (std::sqrt(pairs - ties_x) * std::sqrt(pairs - ties_y)), -1.0, 1.0);
}

/// Spearman's rho of two columns of n finite values. Throws ArgumentError if the lengths differ.
inline double spearman(std::span<const float> x, std::span<const float> y) {
  detail::require_same_length(x, y, "spearman");
  return spearman(rank_values(x), rank_values(y));
}

/// Kendall's tau-b of two columns of n finite values. Throws ArgumentError if the lengths differ.
inline double kendall_tau_b(std::span<const float> x, std::span<const float> y) {
  detail::require_same_length(x, y, "kendall_tau_b");
  return kendall_tau_b(rank_values(x), rank_values(y));
}

}  // namespace stx
