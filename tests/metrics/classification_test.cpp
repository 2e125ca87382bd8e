// ROC, calibration, zero prediction and coverage.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <random>

#include "stx/metrics/coverage.hpp"
#include "stx/metrics/zero_prediction.hpp"
#include "support/golden.hpp"

namespace {

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
using Flags = std::vector<std::uint8_t>;
using Floats = std::vector<float>;

bool close(double got, double want, double tolerance = 1e-12) {
  return std::abs(got - want) <= tolerance * (1 + std::abs(want));
}

Flags flags(const stx::Matrix<double>& m) {
  Flags out;
  for (const double v : m.values) out.push_back(v != 0);
  return out;
}

// AUC by looking at every pair.
double slow_auc(const Floats& score, const Flags& positive) {
  double wins = 0, pairs = 0;
  for (std::size_t i = 0; i < score.size(); ++i)
    for (std::size_t j = 0; j < score.size(); ++j) {
      if (!positive[i] || positive[j]) continue;
      wins += score[i] > score[j] ? 1 : score[i] == score[j] ? 0.5 : 0;
      ++pairs;
    }
  return wins / pairs;
}

}  // namespace

TEST_CASE("AUC and calibration agree with scikit-learn") {
  const auto golden = golden::load("metrics/groups.txt");
  for (const std::string name : {"smooth", "tied", "binary"}) {
    CAPTURE(name);
    const auto score = golden::to_float(golden.at(name + "_score"));
    const Flags positive = flags(golden.at(name + "_positive"));
    CHECK(close(stx::roc_auc(score.values, positive), golden.at(name + "_auc").values[0]));
    for (const int bins : {5, 10}) {
      CAPTURE(bins);
      const auto& curve = golden.at(name + "_curve_" + std::to_string(bins));
      const auto& line = golden.at(name + "_line_" + std::to_string(bins));
      const stx::Calibration c = stx::calibration_curve(score.values, positive, bins);
      REQUIRE(static_cast<std::int64_t>(c.points.size()) == curve.cols);
      for (std::int64_t k = 0; k < curve.cols; ++k) {
        CHECK(close(c.points[k].predicted, curve(0, k)));
        CHECK(close(c.points[k].observed, curve(1, k)));
      }
      CHECK(close(c.slope, line.values[0]));
      CHECK(close(c.intercept, line.values[1]));
    }
  }
}

TEST_CASE("AUC: every pair, symmetry, extremes, a missing class") {
  std::mt19937 generator(5);
  std::uniform_real_distribution<double> uniform;
  for (const std::size_t n : {2, 3, 17, 100}) {
    for (const double levels : {2.0, 1e6}) {
      Floats score, mirrored;
      Flags positive, opposite;
      for (std::size_t i = 0; i < n; ++i) {
        score.push_back(static_cast<float>(std::floor(levels * uniform(generator))));
        mirrored.push_back(-score.back());
        positive.push_back(i % 3 == 0);
        opposite.push_back(i % 3 != 0);
      }
      const double auc = stx::roc_auc(score, positive);
      CHECK(close(auc, slow_auc(score, positive)));
      CHECK(close(stx::roc_auc(mirrored, positive), 1 - auc));
      CHECK(close(stx::roc_auc(score, opposite), 1 - auc));
    }
  }
  CHECK(stx::roc_auc(Floats{1, 2, 3, 4}, Flags{0, 0, 1, 1}) == 1);
  CHECK(stx::roc_auc(Floats{4, 3, 2, 1}, Flags{0, 0, 1, 1}) == 0);
  CHECK(stx::roc_auc(Floats{0.0f, -0.0f}, Flags{1, 0}) == 0.5);
  CHECK(std::isnan(stx::roc_auc(Floats{1, 2}, Flags{1, 1})));
  CHECK(std::isnan(stx::roc_auc(Floats{1, 2}, Flags{0, 0})));
  CHECK(std::isnan(stx::roc_auc(Floats{}, Flags{})));
  CHECK_THROWS_WITH_AS(stx::roc_auc(Floats{1, not_a_number}, Flags{0, 1}),
                       "[roc_auc] the score of entry 1 is nan; scores must be finite", stx::DataError);
  CHECK_THROWS_WITH_AS(stx::roc_auc(Floats{1}, Flags{0, 1}),
                       "[roc_auc] scores and classes must have the same length, got 1 and 2", stx::ArgumentError);
}

TEST_CASE("calibration: ends of bins, one bin, no entries, wrong calls") {
  // 0 and the upper end 0.25 belong to the first of 4 bins, what lies above to the next.
  const stx::Calibration c = stx::calibration_curve(Floats{0, 0.25f, 0.26f, 1}, Flags{0, 1, 1, 1}, 4);
  REQUIRE(c.points.size() == 3);
  CHECK(c.points[0].count == 2);
  CHECK(c.points[0].predicted == 0.125);
  CHECK(c.points[0].observed == 0.5);
  CHECK(c.points[1].count == 1);
  CHECK(c.points[2].predicted == 1);

  const stx::Calibration one = stx::calibration_curve(Floats{0.3f, 0.35f}, Flags{0, 1});
  CHECK(one.points.size() == 1);
  CHECK(one.slope == 0);
  CHECK(one.intercept == 0.5);
  const stx::Calibration none = stx::calibration_curve(Floats{}, Flags{});
  CHECK(none.points.empty());
  CHECK(std::isnan(none.slope));
  CHECK(std::isnan(none.intercept));

  std::mt19937 generator(6);
  std::uniform_real_distribution<double> uniform;
  Floats p(200000);
  Flags happened(p.size());
  for (std::size_t i = 0; i < p.size(); ++i) {
    p[i] = static_cast<float>(uniform(generator));
    happened[i] = uniform(generator) < p[i];
  }
  const stx::Calibration calibrated = stx::calibration_curve(p, happened);
  CHECK(std::abs(calibrated.slope - 1) < 0.02);
  CHECK(std::abs(calibrated.intercept) < 0.01);

  CHECK_THROWS_WITH_AS(stx::calibration_curve(Floats{0.5f, 1.5f}, Flags{0, 1}),
                       "[calibration_curve] the probability of entry 1 is 1.5; it must lie in [0, 1]", stx::DataError);
  CHECK_THROWS_AS(stx::calibration_curve(Floats{not_a_number}, Flags{0}), stx::DataError);
  CHECK_THROWS_WITH_AS(stx::calibration_curve(Floats{1}, Flags{0}, 0),
                       "[calibration_curve] n_bins must be at least 1, got 0", stx::ArgumentError);
  CHECK_THROWS_AS(stx::calibration_curve(Floats{1}, Flags{}), stx::ArgumentError);
}

TEST_CASE("zero prediction: each gene is its own column, for every number of threads") {
  stx::Matrix<float> truth(40, 3), p_zero(40, 3);
  for (std::int64_t i = 0; i < 40; ++i)
    for (std::int64_t g = 0; g < 3; ++g) {
      truth(i, g) = g == 2 ? 1.0f : static_cast<float>((i * (g + 3)) % 5);
      p_zero(i, g) = static_cast<float>((7 * i + g) % 11) / 11.0f;
    }
  const auto scores = stx::score_zeros(truth, p_zero, 3, 4);
  REQUIRE(scores.size() == 3);
  for (std::int64_t g = 0; g < 3; ++g) {
    Floats p;
    Flags zero;
    for (std::int64_t i = 0; i < 40; ++i) {
      p.push_back(p_zero(i, g));
      zero.push_back(truth(i, g) == 0);
    }
    if (g == 2) {
      CHECK(std::isnan(scores[g].auc));  // no zeros
    } else {
      CHECK(scores[g].auc == stx::roc_auc(p, zero));
    }
    CHECK(scores[g].calibration.slope == stx::calibration_curve(p, zero, 4).slope);
  }
  truth(4, 1) = -1;
  CHECK_THROWS_WITH_AS(stx::score_zeros(truth, p_zero, 2),
                       "[score_zeros] the count of gene 1 at spot 4 is -1; counts must be finite and "
                       "not negative",
                       stx::DataError);
  CHECK_THROWS_AS(stx::score_zeros(truth, stx::Matrix<float>(40, 2), 2), stx::ArgumentError);
}

TEST_CASE("coverage: closed ends, mean width, entries that are not scored") {
  const Floats truth{1, 2, 3, not_a_number, 5}, lower{1, 0, 4, not_a_number, 0}, upper{1, 2, 6, 0, 4};
  const stx::Coverage c = stx::interval_coverage(truth, lower, upper);
  CHECK(c.count == 4);
  CHECK(c.share == 0.5);
  CHECK(c.mean_width == 2);
  CHECK(stx::interval_coverage(Floats{not_a_number}, Floats{0}, Floats{0}).count == 0);
  CHECK(std::isnan(stx::interval_coverage(Floats{}, Floats{}, Floats{}).share));
  CHECK_THROWS_WITH_AS(stx::interval_coverage(Floats{1}, Floats{2}, Floats{1}),
                       "[interval_coverage] the interval of entry 0 runs from 2 to 1; lower must not be above upper",
                       stx::DataError);
  CHECK_THROWS_AS(stx::interval_coverage(Floats{1}, Floats{not_a_number}, Floats{1}), stx::DataError);
  CHECK_THROWS_AS(stx::interval_coverage(Floats{1}, Floats{0, 0}, Floats{1}), stx::ArgumentError);
}
