#include "stx/math/random_variates.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "support/naive.hpp"

using stx::math::normal_pair;

namespace {

stx::StepState state_of(std::uint64_t seed, std::uint32_t step) {
  stx::StepState state;
  state.seed = seed;
  state.step = step;
  return state;
}

std::vector<double> many_normals(int n) {
  const stx::StepState state = state_of(5, 1);
  std::vector<double> values;
  for (std::uint32_t group = 0; group < static_cast<std::uint32_t>(n / 4); ++group) {
    const auto four = stx::math::normals(stx::math::variate_words(state, stx::RandomPurpose::noise, 3, 17, group));
    values.insert(values.end(), four.v, four.v + 4);
  }
  return values;
}

}  // namespace

TEST_CASE("normal_pair is Box and Muller's formula of its bits") {
  double worst = 0;
  for (std::uint32_t i = 0; i < 200000; ++i) {
    const auto words = stx::test::naive::philox({i, 0, 0, 0}, {9, 0});
    const double u = static_cast<float>((words[0] + 0.5) / 4294967296.0);  // one rounding
    const double angle = 2 * M_PI * words[1] / 4294967296.0;
    const double radius = std::sqrt(-2 * std::log(u));
    const auto got = normal_pair(words[0], words[1]);
    worst = std::max(
        {worst, std::abs(got.first - radius * std::cos(angle)), std::abs(got.second - radius * std::sin(angle))});
  }
  INFO("worst ", worst);
  CHECK(worst < 2e-6);
}

TEST_CASE("normal_pair at the ends of its bits is finite, and at most 6.77") {
  for (std::uint32_t a : {0u, 1u, 0x7FFFFFFFu, 0x80000000u, 0xFFFFFF00u, 0xFFFFFFFFu})
    for (std::uint32_t b : {0u, 0x20000000u, 0x40000000u, 0x80000000u, 0xFFFFFFFFu}) {
      const auto pair = normal_pair(a, b);
      CHECK(std::abs(pair.first) < 6.77f);
      CHECK(std::abs(pair.second) < 6.77f);
    }
  CHECK(normal_pair(0, 0).first > 6.7f);
}

TEST_CASE("normals have the moments of N(0, 1) and no correlation within a pair") {
  const int n = 400000;
  const std::vector<double> z = many_normals(n);
  double m1 = 0, m2 = 0, m3 = 0, m4 = 0, pairs = 0, across = 0;
  for (int i = 0; i < n; ++i) {
    m1 += z[i] / n;
    m2 += z[i] * z[i] / n;
    m3 += std::pow(z[i], 3) / n;
    m4 += std::pow(z[i], 4) / n;
    if (i % 2 == 0) pairs += z[i] * z[i + 1] / (n / 2);
    if (i + 4 < n) across += z[i] * z[i + 4] / n;
  }
  // Standard deviations of the means: of z^k it is sqrt((E z^2k - (E z^k)^2) / n).
  const double root = std::sqrt(static_cast<double>(n));
  CHECK(std::abs(m1) < 4.5 / root);
  CHECK(std::abs(m2 - 1) < 4.5 * std::sqrt(2.0) / root);
  CHECK(std::abs(m3) < 4.5 * std::sqrt(15.0) / root);
  CHECK(std::abs(m4 - 3) < 4.5 * std::sqrt(96.0) / root);
  CHECK(std::abs(pairs) < 4.5 * std::sqrt(2.0) / root);
  CHECK(std::abs(across) < 4.5 / root);
}

TEST_CASE("normals are spread like N(0, 1): Kolmogorov-Smirnov") {
  const int n = 100000;
  std::vector<double> z = many_normals(n);
  std::sort(z.begin(), z.end());
  double distance = 0;
  for (int i = 0; i < n; ++i) {
    const double cdf = 0.5 * std::erfc(-z[i] / std::sqrt(2.0));
    distance = std::max({distance, cdf - i / double{n}, (i + 1) / double{n} - cdf});
  }
  CHECK(distance < 2.23 / std::sqrt(double{n}));  // P < 1e-4: sqrt(ln(2 / 1e-4) / 2) = 2.23
}

TEST_CASE("the words are those of the documented counter, and one element alone is the same") {
  const stx::StepState state = state_of(0x1234500000007ull, 9);
  for (std::int64_t row : {0, 5, 1 << 20})
    for (std::int64_t column : {0, 1, 2, 3, 4, 1027}) {
      const auto words = stx::test::naive::philox(
          {static_cast<std::uint32_t>(column / 4), static_cast<std::uint32_t>(row), 9, 21 * 256 + 8}, {7, 0x12345});
      const std::size_t pair = column % 4 / 2 * 2;
      const auto want = normal_pair(words[pair], words[pair + 1]);
      CHECK(stx::math::normal_at(state, 21, row, column) == (column % 2 == 0 ? want.first : want.second));
    }
}

TEST_CASE("other seeds, steps, sites, rows, groups and purposes give other words") {
  std::set<std::uint32_t> first;
  for (std::uint64_t seed : {1ull, 1ull << 32})
    for (std::uint32_t step : {0u, 1u})
      for (std::uint32_t site : {0u, 1u})
        for (std::int64_t row : {0, 1})
          for (std::uint32_t group : {0u, 1u})
            for (auto purpose : {stx::RandomPurpose::noise, stx::RandomPurpose::counts})
              first.insert(stx::math::variate_words(state_of(seed, step), purpose, site, row, group).x);
  CHECK(first.size() == 64);
}

TEST_CASE("uniforms are the open uniforms of the four words") {
  const auto four = stx::math::uniforms({0u, 0x80000000u, 0xFFFFFFFFu, 1u << 9});
  CHECK(four.v[0] > 0.0f);
  CHECK(four.v[1] == doctest::Approx(0.5));
  CHECK(four.v[2] < 1.0f);
  CHECK(four.v[3] == 1.5f / 8388608.0f);
}

TEST_CASE("the bits do not depend on the compiler: a checksum") {
  // FNV-1a of 40000 normals, made with and without fused multiply-add instructions.
  std::uint32_t hash = 2166136261u;
  for (double z : many_normals(40000)) hash = (hash ^ stx::math::exact::bits_of(static_cast<float>(z))) * 16777619u;
  CHECK(hash == 1273681860u);
}
