// Prediction intervals of counts: smoothed quantiles of samples, one interval, uncertainty.
#include "examples/dcavae/intervals.hpp"

#include <doctest/doctest.h>

#include "examples/dcavae/uncertainty.hpp"
#include "models/range.hpp"

using namespace stx::dcavae;
using stx::Matrix;
using stx::test::range;

TEST_CASE("smoothed quantiles invert the distribution that spreads each count over a unit") {
  const std::vector<float> x{0, 0, 0, 2};
  CHECK(smoothed_quantile(x, 0.375) == 0.5);
  CHECK(smoothed_quantile(x, 0.75) == 2);  // there is no 1
  CHECK(smoothed_quantile(x, 0.875) == 2.5);
  CHECK(smoothed_quantile(std::vector<float>{7}, 0.25) == 7.25);
  double last = 0;
  for (double p = 0.01; p < 1; p += 0.01) {
    CHECK(smoothed_quantile(x, p) > last);
    last = smoothed_quantile(x, p);
  }
}

TEST_CASE("summaries of samples do not depend on chunks; moments; wrong samples") {
  const auto draw = [](const std::vector<std::int64_t>& rows, std::int64_t s) {
    Matrix<float> x(static_cast<std::int64_t>(rows.size()), 2);
    for (std::int64_t i = 0; i < x.rows; ++i) {
      x(i, 0) = static_cast<float>(rows[i]);
      x(i, 1) = static_cast<float>(s % 2 * rows[i]);
    }
    return x;
  };
  const std::int64_t rows = 2150, samples = 4000;  // 2097 rows a chunk
  const Predictive p = summarize_samples(range(rows), range(2), samples, {0.5}, 2, draw);
  CHECK(p.mean(2120, 0) == 2120);
  CHECK(p.sd(2120, 0) == 0);
  CHECK(p.lower[0](2120, 0) == doctest::Approx(2120.25));
  CHECK(p.upper[0](2120, 0) == doctest::Approx(2120.75));
  CHECK(p.mean(2120, 1) == 1060);
  CHECK(p.sd(2120, 1) == 1060);
  CHECK(p.lower[0](2120, 1) == doctest::Approx(0.5));
  CHECK(p.upper[0](2120, 1) == doctest::Approx(2120.5));
  CHECK_THROWS_WITH_AS(summarize_samples({0}, {0}, 0, {0.5}, 1, draw),
                       "[summarize_samples] there must be at least 1 sample, got 0", stx::ArgumentError);
  CHECK_THROWS_WITH_AS(summarize_samples({0}, range(3), 1, {0.5}, 1, draw),
                       "[summarize_samples] sample 0 must be 1 x 3, got 1 x 2", stx::ArgumentError);
  CHECK_THROWS_WITH_AS(summarize_samples({0}, range(2), 1, {0.8, 0.5}, 1, draw),
                       "[Predictive] levels must ascend within (0, 1), got 0.5 after 0.8", stx::ArgumentError);
  const auto bad_at_900 = [](float bad) {
    return [bad](const std::vector<std::int64_t>& some, std::int64_t) {
      Matrix<float> x(static_cast<std::int64_t>(some.size()), 2, 1.0f);
      for (std::int64_t i = 0; i < x.rows; ++i)
        if (some[i] == 900) x(i, 1) = bad;
      return x;
    };
  };
  for (const auto& [bad, said] : {std::pair{-1.0f, "-1"}, {std::numeric_limits<float>::infinity(), "inf"}})
    CHECK_THROWS_WITH_AS(summarize_samples({17, 900, 4}, {30, 12}, 1, {0.5}, 1, bad_at_900(bad)),
                         (std::string("[summarize_samples] sample 0 of gene 12 at row 900 is ") + said +
                          "; counts must be finite and not negative")
                             .c_str(),
                         stx::DataError);
  CHECK(summarize_samples({}, range(2), 3, {0.5}, 1, draw).rows() == 0);
}

TEST_CASE("one interval: weights, rounding, core") {
  const SmoothInterval s(0.25, 2.25, {});
  CHECK(s.weight(0) == 0.75);
  CHECK(s.weight(1) == 1);
  CHECK(s.weight(2) == 0.25);
  CHECK(s.weight(3) == 0);
  CHECK(s.core() == 1);
  CHECK(s.closed_low(0) == 0);
  CHECK(s.closed_high(0) == 1);
  CHECK(s.closed_high(0.5) == 2);  // everything that it touches
  CHECK(s.rounding_for(2) == 0.25);
  CHECK(s.rounding_for(0) == -0.25);
  const SmoothInterval shifted(1, 2, {.level = 0.5, .from = -3, .to = 2});
  CHECK(shifted.low == 0);  // counts are not negative
  CHECK(shifted.high == 3);
}

TEST_CASE("uncertainty of genes and rows") {
  Predictive p(2, 2, {0.9});
  p.mean.values = {1, 0, 3, 0};
  p.sd.values = {1, 0, 2, 0};
  Intervals i{.level = 0.9, .lower = Matrix<float>(2, 2), .upper = Matrix<float>(2, 2), .low = {}, .high = {}};
  i.upper.values = {4, 0, 6, 1};
  const Uncertainties u = summarize_uncertainty(p, i);
  CHECK(u.genes[0].sd == 1.5);
  CHECK(u.genes[0].relative == 0.75);
  CHECK(u.genes[0].width == 5);
  CHECK(std::isnan(u.genes[1].relative));
  CHECK(u.rows[1].sd == 1);
  CHECK(u.rows[1].width == 3.5);
  CHECK(u.rows.size() == 2);
  CHECK_THROWS_AS(summarize_uncertainty(Predictive(2, 3, {0.9}), i), stx::ArgumentError);
  CHECK(std::isnan(
      summarize_uncertainty(Predictive(0, 1, {}), Intervals{0, Matrix<float>(0, 1), Matrix<float>(0, 1), {}, {}})
          .genes[0]
          .sd));
}
