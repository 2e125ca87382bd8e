// Rank tests and corrected p-values.
#include "stx/metrics/rank_tests.hpp"

#include <doctest/doctest.h>

#include <random>

#include "support/golden.hpp"

using stx::Alternative;

namespace {

using Values = std::vector<double>;
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr Alternative sides[] = {Alternative::two_sided, Alternative::greater, Alternative::less};

bool close(double got, double want) { return std::abs(got - want) <= 1e-11 * std::abs(want) + 1e-15; }

Values normals(std::mt19937& generator, std::size_t n, double mean = 0) {
  std::normal_distribution<double> normal(mean, 1);
  Values v(n);
  for (double& x : v) x = normal(generator);
  return v;
}

}  // namespace

TEST_CASE("Mann-Whitney, Wilcoxon and corrected p-values agree with SciPy") {
  const auto golden = golden::load("metrics/groups.txt");
  for (const std::string name : {"small", "small_ties", "exact", "large", "large_ties", "zeros"}) {
    CAPTURE(name);
    const Values& x = golden.at(name + "_x").values;
    const Values& y = golden.at(name + "_y").values;
    const Values shorter(y.begin(), y.begin() + static_cast<std::ptrdiff_t>(2 * y.size() / 3));
    for (int side = 0; side < 3; ++side) {
      CAPTURE(side);
      const stx::RankTest u = stx::mann_whitney_u(x, shorter, sides[side]);
      CHECK(close(u.statistic, golden.at(name + "_mwu").values[2 * side]));
      CHECK(close(u.p_value, golden.at(name + "_mwu").values[2 * side + 1]));
      const stx::RankTest w = stx::wilcoxon_signed_rank(x, y, sides[side]);
      CHECK(close(w.statistic, golden.at(name + "_wilcoxon").values[2 * side]));
      CHECK(close(w.p_value, golden.at(name + "_wilcoxon").values[2 * side + 1]));
    }
  }
  const Values adjusted = stx::benjamini_hochberg(golden.at("p").values);
  for (std::size_t i = 0; i < adjusted.size(); ++i) CHECK(close(adjusted[i], golden.at("p_adjusted").values[i]));
}

TEST_CASE("swapping the samples swaps the sides") {
  std::mt19937 generator(3);
  for (const std::size_t n : {5, 20, 80}) {
    const Values x = normals(generator, n, 0.4), y = normals(generator, n);
    for (const auto test : {&stx::mann_whitney_u, &stx::wilcoxon_signed_rank}) {
      const double greater = test(x, y, Alternative::greater).p_value;
      CHECK(close(greater, test(y, x, Alternative::less).p_value));
      CHECK(close(test(x, y, Alternative::two_sided).p_value, test(y, x, Alternative::two_sided).p_value));
    }
  }
}

TEST_CASE("under no difference few p-values are small; under a clear one all are") {
  std::mt19937 generator(4);
  int unpaired = 0, paired = 0;
  for (int trial = 0; trial < 2000; ++trial) {
    const Values x = normals(generator, 25), y = normals(generator, 25);
    unpaired += stx::mann_whitney_u(x, y).p_value <= 0.05;
    paired += stx::wilcoxon_signed_rank(x, y).p_value <= 0.05;
  }
  CHECK(unpaired > 60);
  CHECK(unpaired < 140);
  CHECK(paired > 60);
  CHECK(paired < 140);
  const Values x = normals(generator, 100, 2), y = normals(generator, 100);
  CHECK(stx::mann_whitney_u(x, y).p_value < 1e-10);
  CHECK(stx::wilcoxon_signed_rank(x, y).p_value < 1e-10);
}

TEST_CASE("exact tails add up: P(W >= w) + P(W <= w) = 1 + P(W = w)") {
  // three pairs, all larger: one of eight sign patterns
  CHECK(stx::wilcoxon_signed_rank(Values{1, 2, 3}, Values{0, 0, 0}, Alternative::greater).p_value == 0.125);
  CHECK(stx::wilcoxon_signed_rank(Values{1, 2, 3}, Values{0, 0, 0}, Alternative::less).p_value == 1);
  CHECK(stx::wilcoxon_signed_rank(Values{1, 2, 3}, Values{0, 0, 0}).p_value == 0.25);
}

TEST_CASE("values that are not there are left out") {
  const Values x{1, 2, not_a_number, 4, 7}, y{0, not_a_number, 3, 5, 1};
  const stx::RankTest paired = stx::wilcoxon_signed_rank(x, y);
  CHECK(paired.count == 3);
  CHECK(paired.p_value == stx::wilcoxon_signed_rank(Values{1, 4, 7}, Values{0, 5, 1}).p_value);
  const stx::RankTest unpaired = stx::mann_whitney_u(x, y);
  CHECK(unpaired.count == 8);
  CHECK(unpaired.p_value == stx::mann_whitney_u(Values{1, 2, 4, 7}, Values{0, 3, 5, 1}).p_value);
  CHECK(std::isnan(stx::mann_whitney_u(Values{not_a_number}, y).p_value));
  CHECK(stx::mann_whitney_u(Values{2, 2}, Values{2}).p_value == 1);
  CHECK(std::isnan(stx::wilcoxon_signed_rank(y, y).p_value));
  CHECK(std::isnan(stx::wilcoxon_signed_rank(Values{}, Values{}).p_value));
  CHECK_THROWS_WITH_AS(stx::wilcoxon_signed_rank(x, Values{1}),
                       "[wilcoxon_signed_rank] paired samples must have the same length, got 5 and 1",
                       stx::ArgumentError);
}

TEST_CASE("Benjamini-Hochberg: order does not matter, NaN stays, monotone, at most 1") {
  const Values p{0.04, not_a_number, 0.01, 0.9, 0.02};
  const Values a = stx::benjamini_hochberg(p);
  CHECK(close(a[2], 0.04));  // 0.01 * 4 / 1
  CHECK(close(a[4], 0.04));
  CHECK(close(a[0], 0.16 / 3));
  CHECK(close(a[3], 0.9));
  CHECK(std::isnan(a[1]));
  CHECK(stx::benjamini_hochberg(Values{0.3}) == Values{0.3});
  CHECK(stx::benjamini_hochberg(Values{}).empty());
  CHECK_THROWS_WITH_AS(stx::benjamini_hochberg(Values{0.1, 1.2}),
                       "[benjamini_hochberg] p-value 1 is 1.2; it must lie in [0, 1]", stx::DataError);
}
