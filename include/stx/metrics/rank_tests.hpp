// Do two methods differ? Rank tests, and their p-values when many are made.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "stx/core/error.hpp"

namespace stx {

/// What the test would call significant: x and y differ, x is larger, x is smaller.
enum class Alternative : unsigned char { two_sided, greater, less };

struct RankTest {
  double statistic = std::numeric_limits<double>::quiet_NaN();
  double p_value = std::numeric_limits<double>::quiet_NaN();
  std::int64_t count = 0;  ///< values (or pairs) that entered
};

namespace detail {

/// Average ranks from 1, and the sizes of the groups of equal values.
struct TiedRanks {
  std::vector<double> rank;
  std::vector<double> ties;

  explicit TiedRanks(const std::vector<double>& v) : rank(v.size()) {
    std::vector<std::size_t> order(v.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return v[a] < v[b]; });
    for (std::size_t begin = 0, end = 0; begin < v.size(); begin = end) {
      while (end < v.size() && v[order[end]] == v[order[begin]]) ++end;
      for (std::size_t i = begin; i < end; ++i) rank[order[i]] = 0.5 * static_cast<double>(begin + 1 + end);
      ties.push_back(static_cast<double>(end - begin));
    }
  }
  double correction() const {
    double sum = 0;
    for (const double t : ties) sum += t * t * t - t;
    return sum;
  }
};

inline double normal_tail(double z) { return 0.5 * std::erfc(z / std::sqrt(2.0)); }

/// P(W >= w) and P(W <= w) of the sum W of the ranks with a random sign +, all signs equally
/// likely. Ranks are halves of whole numbers, so counts of doubled sums are kept.
inline std::pair<double, double> signed_rank_tails(const std::vector<double>& ranks, double w) {
  std::vector<double> probability{1.0};
  for (const double rank : ranks) {
    const auto doubled = static_cast<std::size_t>(std::lround(2 * rank));
    std::vector<double> next(probability.size() + doubled, 0.0);
    for (std::size_t s = 0; s < probability.size(); ++s) {
      next[s] += 0.5 * probability[s];
      next[s + doubled] += 0.5 * probability[s];
    }
    probability.swap(next);
  }
  double above = 0, below = 0;
  const auto at = static_cast<std::size_t>(std::lround(2 * w));
  for (std::size_t s = 0; s < probability.size(); ++s) {
    if (s >= at) above += probability[s];
    if (s <= at) below += probability[s];
  }
  return {above, below};
}

}  // namespace detail

/// Mann-Whitney U test of two independent samples, by the normal approximation with tie correction
/// and continuity correction: `z = (U - n m / 2 - 1/2) / s`, `s^2 = n m / 12 ((N + 1) - sum (t^3 -
/// t) / (N (N - 1)))`, N = n + m, t the sizes of groups of ties.
///
/// @param x, y  samples; NaN is left out (a gene without score)
/// @return      statistic: U of x, the number of pairs with x > y, ties one half; p NaN if a sample is empty, 1 if all
///              values are equal
/// As SciPy's `mannwhitneyu(method = "asymptotic")`. For scores of the same genes by two methods
/// use wilcoxon_signed_rank(): it does not throw away the pairing. Deterministic: yes.
inline RankTest mann_whitney_u(std::span<const double> x, std::span<const double> y,
                               Alternative alternative = Alternative::two_sided) {
  std::vector<double> all;
  const auto add = [&](std::span<const double> v) {
    for (const double value : v)
      if (!std::isnan(value)) all.push_back(value);
  };
  add(x);
  const std::size_t n_x = all.size();
  add(y);
  RankTest test;
  test.count = static_cast<std::int64_t>(all.size());
  if (n_x == 0 || n_x == all.size()) return test;
  const detail::TiedRanks ranks(all);
  const auto n = static_cast<double>(n_x), m = static_cast<double>(all.size()) - n, total = n + m;
  const double u = std::accumulate(ranks.rank.begin(), ranks.rank.begin() + static_cast<std::ptrdiff_t>(n_x), 0.0) -
                   0.5 * n * (n + 1);
  test.statistic = u;
  const double sd = std::sqrt(n * m / 12 * (total + 1 - ranks.correction() / (total * (total - 1))));
  const double extreme = alternative == Alternative::greater ? u
                         : alternative == Alternative::less  ? n * m - u
                                                             : std::max(u, n * m - u);
  const double sides = alternative == Alternative::two_sided ? 2 : 1;
  test.p_value = sd > 0 ? std::min(1.0, sides * detail::normal_tail((extreme - 0.5 * n * m - 0.5) / sd)) : 1.0;
  return test;
}

/// Wilcoxon's signed-rank test of paired samples: are the differences x - y symmetric around 0?
///
/// Pairs without difference are dropped; R+ is the sum of the ranks of |x - y| where x > y. The
/// p-value is exact for up to 50 pairs if none is dropped or tied, and for up to 13 pairs in any
/// case (all sign patterns); beyond, the normal approximation with tie correction, without
/// continuity correction.
///
/// @param x, y  as many values each; a pair with NaN is left out
/// @return      statistic: min(R+, R-) two-sided, else R+; count: pairs before dropping; p NaN if there is no
///              difference at all
/// @throws ArgumentError if the lengths differ.
/// As SciPy's `wilcoxon` (1.17) with its defaults. Differences that are equal but for rounding are
/// no ties: round before, where that matters. Deterministic: yes.
inline RankTest wilcoxon_signed_rank(std::span<const double> x, std::span<const double> y,
                                     Alternative alternative = Alternative::two_sided) {
  require(x.size() == y.size(), "wilcoxon_signed_rank", "paired samples must have the same length, got ", x.size(),
          " and ", y.size());
  std::vector<double> sizes;
  std::vector<bool> positive;
  RankTest test;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double difference = x[i] - y[i];
    if (std::isnan(difference)) continue;
    ++test.count;
    if (difference == 0) continue;
    sizes.push_back(std::abs(difference));
    positive.push_back(difference > 0);
  }
  if (sizes.empty()) return test;
  const detail::TiedRanks ranks(sizes);
  const auto n = static_cast<double>(sizes.size());
  double plus = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i)
    if (positive[i]) plus += ranks.rank[i];
  const double half = 0.25 * n * (n + 1);
  test.statistic = alternative == Alternative::two_sided ? std::min(plus, 2 * half - plus) : plus;
  const bool no_ties = ranks.ties.size() == sizes.size() && static_cast<std::int64_t>(sizes.size()) == test.count;
  double above = 0, below = 0;
  if (test.count <= 13 || (no_ties && test.count <= 50)) {
    std::tie(above, below) = detail::signed_rank_tails(ranks.rank, plus);
  } else {
    const double sd = std::sqrt((n * (n + 1) * (2 * n + 1) - 0.5 * ranks.correction()) / 24);
    above = detail::normal_tail((plus - half) / sd);
    below = detail::normal_tail((half - plus) / sd);
  }
  test.p_value = alternative == Alternative::greater ? above
                 : alternative == Alternative::less  ? below
                                                     : std::min(1.0, 2 * std::min(above, below));
  return test;
}

/// Benjamini-Hochberg: p-values adjusted so that calling those <= q significant keeps the expected
/// share of false calls at q: `min over p_j >= p_i of p_j m / rank_j`, at most 1.
///
/// @param p_values  in [0, 1]; NaN (a test that could not be made) stays NaN and does not count
/// @return          adjusted p-values in the order of the input
/// @throws DataError for a value outside [0, 1].
/// As SciPy's `false_discovery_control`. Source: Benjamini and Hochberg 1995.
inline std::vector<double> benjamini_hochberg(std::span<const double> p_values) {
  std::vector<double> adjusted(p_values.begin(), p_values.end());
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < p_values.size(); ++i) {
    if (std::isnan(p_values[i])) continue;
    require<DataError>(p_values[i] >= 0 && p_values[i] <= 1, "benjamini_hochberg", "p-value ", i, " is ", p_values[i],
                       "; it must lie in [0, 1]");
    order.push_back(i);
  }
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p_values[a] < p_values[b]; });
  double smallest = 1;
  for (std::size_t rank = order.size(); rank > 0; --rank) {
    const std::size_t i = order[rank - 1];
    smallest = std::min(smallest, p_values[i] * static_cast<double>(order.size()) / static_cast<double>(rank));
    adjusted[i] = smallest;
  }
  return adjusted;
}

}  // namespace stx
