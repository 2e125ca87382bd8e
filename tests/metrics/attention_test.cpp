#include "stx/metrics/attention.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

TEST_CASE("entropy and top-2 gap of known rows") {
  stx::Matrix<float> a(4, 4);
  a.values = {1, 0, 0, 0, 0.25f, 0.25f, 0.25f, 0.25f, 0, 0.5f, 0.5f, 0, 0.125f, 0.625f, 0.25f, 0};
  const auto s = stx::score_attention(a);
  CHECK(s.entropy[0] == 0);
  CHECK(s.entropy[1] == doctest::Approx(std::log(4.0)));
  CHECK(s.entropy[2] == doctest::Approx(std::log(2.0)));
  CHECK(s.entropy[3] == doctest::Approx(0.900256));  // scipy.stats.entropy([.125, .625, .25])
  CHECK(s.top2_gap[0] == 1);
  CHECK(s.top2_gap[1] == 0);
  CHECK(s.top2_gap[2] == 0);
  CHECK(s.top2_gap[3] == doctest::Approx(0.375));
  CHECK(s.top2_gap_summary.mean == doctest::Approx(1.375 / 4));
  CHECK(s.entropy_summary.count == 4);
}

TEST_CASE("one cluster: no entropy, gap 1") {
  const auto s = stx::score_attention(stx::Matrix<float>(3, 1, 1.0f));
  CHECK(s.entropy_summary.mean == 0);
  CHECK(s.top2_gap_summary.mean == 1);
}

TEST_CASE("rows that are no distribution are errors") {
  stx::Matrix<float> a(1, 2, 0.5f);
  a(0, 1) = 0.4f;
  CHECK_THROWS_AS(stx::score_attention(a), stx::DataError);
  a.values = {1.5f, -0.5f};
  CHECK_THROWS_AS(stx::score_attention(a), stx::DataError);
  a.values = {std::numeric_limits<float>::quiet_NaN(), 0.5f};
  CHECK_THROWS_AS(stx::score_attention(a), stx::DataError);
  CHECK_THROWS_AS(stx::score_attention(stx::Matrix<float>(2, 0)), stx::ArgumentError);
}
