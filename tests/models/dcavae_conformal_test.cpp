// Conformal corrections of prediction intervals: coverage of genes that nobody saw, where the truth is
// known.
#include "examples/dcavae/conformal.hpp"

#include <doctest/doctest.h>

#include "models/range.hpp"
#include "stx/data/random_draws.hpp"

using namespace stx::dcavae;
using stx::Matrix;

namespace {

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();

/// Counts of genes whose true mean is not what the model says, with the model's samples.
struct Simulated {
  std::int64_t rows = 150, genes = 60, samples = 50;
  double depth = 3;       ///< mean of the expected counts
  double gene_error = 0;  ///< SD of the log of (true mean / said mean), one draw a gene
  double said_theta = 2;  ///< dispersion that the model says; the true one is 2
  Matrix<float> truth;
  Predictive predictive;

  void run(std::uint64_t seed) {
    truth = Matrix<float>(rows, genes);
    Matrix<float> said(rows, genes);
    stx::PhiloxStream random(seed, stx::RandomPurpose::simulate);
    for (std::int64_t g = 0; g < genes; ++g) {
      const double level = depth * stx::draw_gamma(random, 1.0);
      const double error = std::exp(gene_error * stx::draw_normal(random));
      for (std::int64_t i = 0; i < rows; ++i) {
        const double mean = level * stx::draw_gamma(random, 2.0) / 2;
        said(i, g) = static_cast<float>(mean);
        truth(i, g) = static_cast<float>(stx::draw_negative_binomial(random, mean * error, 2.0));
      }
    }
    predictive = summarize_samples(
        stx::test::range(rows), stx::test::range(genes), samples, usual_levels(), 2,
        [&](const std::vector<std::int64_t>& ids, std::int64_t s) {
          Matrix<float> x(static_cast<std::int64_t>(ids.size()), genes);
          for (std::int64_t i = 0; i < x.rows; ++i) {
            stx::PhiloxStream own(seed + 1, stx::RandomPurpose::simulate,
                                  static_cast<std::uint64_t>(ids[i] * samples + s));
            for (std::int64_t g = 0; g < genes; ++g)
              x(i, g) = static_cast<float>(stx::draw_negative_binomial(own, said(ids[i], g), said_theta));
          }
          return x;
        });
  }
};

/// The genes with number `odd` modulo 2.
Matrix<float> half(const Matrix<float>& m, std::int64_t odd) {
  Matrix<float> out(m.rows, m.cols / 2);
  for (std::int64_t i = 0; i < out.rows; ++i)
    for (std::int64_t g = 0; g < out.cols; ++g) out(i, g) = m(i, 2 * g + odd);
  return out;
}
Predictive half(const Predictive& p, std::int64_t odd) {
  Predictive out(p.rows(), p.genes() / 2, p.levels);
  out.mean = half(p.mean, odd);
  out.sd = half(p.sd, odd);
  for (std::size_t l = 0; l < p.levels.size(); ++l) {
    out.lower[l] = half(p.lower[l], odd);
    out.upper[l] = half(p.upper[l], odd);
  }
  return out;
}

/// Learns on the even genes, scores the odd ones.
std::vector<IntervalScores> corrected(const Simulated& s) {
  ConformalCorrections learned(s.predictive.levels, 4);
  learned.add(half(s.predictive, 0), half(s.truth, 0));
  std::vector<IntervalScores> scores;
  for (const Intervals& i : make_intervals(half(s.predictive, 1), learned.learn()))
    scores.push_back(score_intervals(half(s.truth, 1), i));
  return scores;
}
std::vector<IntervalScores> plain(const Simulated& s) {
  std::vector<IntervalScores> scores;
  for (const Intervals& i : make_intervals(half(s.predictive, 1), uncorrected(s.predictive.levels)))
    scores.push_back(score_intervals(half(s.truth, 1), i));
  return scores;
}

double share_of_zeros(const Matrix<float>& m) {
  return static_cast<double>(std::count(m.values.begin(), m.values.end(), 0.0f)) / static_cast<double>(m.values.size());
}

}  // namespace

TEST_CASE("a right model needs no correction; closed intervals then cover what they say") {
  Simulated s;
  s.rows = 80;
  s.genes = 240;
  s.samples = 120;
  s.run(11);
  const auto before = plain(s), after = corrected(s);
  for (std::size_t l = 0; l < after.size(); ++l) {
    CAPTURE(after[l].level);
    CHECK(std::abs(before[l].randomised - before[l].level) < 0.02);
    CHECK(before[l].closed.share > before[l].level);  // rounded outwards
    CHECK(std::abs(after[l].randomised - after[l].level) < 0.02);
    // At 50 % the likeliest counts alone, which stay, cover a little more.
    CHECK(after[l].closed.share > after[l].level - 0.02);
    CHECK(after[l].closed.share < after[l].level + (l == 0 ? 0.06 : 0.02));
  }
}

TEST_CASE("an overconfident, biased model is brought to 88-92 % on genes that nobody saw") {
  for (const double depth : {0.7, 3.0, 40.0}) {
    CAPTURE(depth);
    Simulated s;
    s.depth = depth;
    s.genes = 800;  // it is the number of genes, not of rows, that the coverage of new genes depends on
    s.rows = 18;
    s.gene_error = 0.5;
    s.said_theta = 50;
    s.run(21);
    const auto before = plain(s), after = corrected(s);
    CHECK(before[2].randomised < 0.86);
    CHECK(after[2].randomised >= 0.88);
    CHECK(after[2].randomised <= 0.92);
    CHECK(after[2].closed.share >= 0.88);
    CHECK(after[2].closed.share <= 0.92);
    for (std::size_t l = 0; l < after.size(); ++l) CHECK(std::abs(after[l].randomised - after[l].level) < 0.03);
  }
}

TEST_CASE("intervals that are too wide become narrower") {
  Simulated s;
  s.said_theta = 0.3;
  s.run(31);
  const auto before = plain(s), after = corrected(s);
  CHECK(before[2].randomised > 0.92);
  CHECK(std::abs(after[2].randomised - 0.9) < 0.02);
  CHECK(after[2].closed.mean_width < 0.8 * before[2].closed.mean_width);
}

TEST_CASE(
    "sparse counts: randomised coverage meets the level, closed intervals cannot go below the "
    "zeros") {
  Simulated s;
  s.depth = 0.03;
  s.run(41);
  const double zeros = share_of_zeros(half(s.truth, 1));
  REQUIRE(zeros > 0.96);
  const auto after = corrected(s);
  for (std::size_t l = 0; l < after.size(); ++l) {
    CAPTURE(after[l].level);
    CHECK(std::abs(after[l].randomised - after[l].level) < 0.02);
    CHECK(after[l].closed.share >= zeros - 0.01);
  }
  CHECK(after[2].closed.mean_width < 0.1);  // {0} nearly everywhere
}

TEST_CASE("levels are nested, closed ends are whole, bits repeat and depend on the seed alone") {
  Simulated s;
  s.gene_error = 0.7;
  s.run(51);
  ConformalCorrections learned(s.predictive.levels, 4), again(s.predictive.levels, 4), other(s.predictive.levels, 5);
  for (ConformalCorrections* c : {&learned, &again, &other}) c->add(s.predictive, s.truth);
  const auto corrections = learned.learn();
  CHECK(corrections[1].from == again.learn()[1].from);
  CHECK(corrections[1].from != other.learn()[1].from);
  const auto all = make_intervals(s.predictive, corrections);
  for (std::size_t l = 0; l < all.size(); ++l) {
    int wrong = 0;
    for (std::size_t e = 0; e < s.truth.values.size(); ++e) {
      const float lower = all[l].lower.values[e], upper = all[l].upper.values[e];
      wrong += !(lower >= 0 && lower <= upper && lower == std::floor(lower) && upper == std::floor(upper));
      if (l == 0) continue;
      const Intervals& inner = all[l - 1];
      wrong += !(lower <= inner.lower.values[e] && upper >= inner.upper.values[e] &&
                 all[l].low.values[e] <= inner.low.values[e] && all[l].high.values[e] >= inner.high.values[e]);
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("the coverage of each gene by corrections from the others") {
  Simulated s;
  s.gene_error = 0.5;
  s.genes = 40;
  s.run(61);
  ConformalCorrections learned(s.predictive.levels, 4);
  learned.add(s.predictive, s.truth);
  CHECK(learned.genes() == 40);
  CHECK(learned.entries() == 40 * 150);
  const std::vector<double> coverage = learned.gene_coverage(2);
  const stx::Summary summary = stx::summarize(coverage);
  CHECK(summary.count == 40);
  CHECK(std::abs(summary.mean - 0.9) < 0.02);
  CHECK(summary.sd > 0.01);
  // gene 7, by hand
  Matrix<float> others = s.truth;
  for (std::int64_t i = 0; i < others.rows; ++i) others(i, 7) = not_a_number;
  Simulated constant;  // no gene error: the spread is smaller
  constant.genes = 40;
  constant.run(61);
  ConformalCorrections calm(s.predictive.levels, 4);
  calm.add(constant.predictive, constant.truth);
  CHECK(stx::summarize(calm.gene_coverage(2)).sd < 0.7 * summary.sd);
  ConformalCorrections without(s.predictive.levels, 4);
  without.add(s.predictive, others);
  CHECK(without.entries() == 39 * 150);
  const Intervals nine = make_intervals(s.predictive, without.learn())[2];
  double weight = 0;
  for (std::int64_t i = 0; i < s.rows; ++i)
    weight += SmoothInterval(nine.low(i, 7), nine.high(i, 7), {}).weight(s.truth(i, 7)) / 150;
  CHECK(std::abs(weight - coverage[7]) < 0.01);  // other u, and levels nested
}

TEST_CASE("corrections: wrong calls") {
  Simulated s;
  s.rows = 5;
  s.genes = 2;
  s.run(71);
  ConformalCorrections learned(usual_levels());
  CHECK_THROWS_WITH_AS(learned.learn(), "[ConformalCorrections] level 0.5 needs at least 3 held-out entries, got 0",
                       stx::DataError);
  CHECK_THROWS_WITH_AS(learned.gene_coverage(2), "[ConformalCorrections] gene_coverage needs at least 2 genes, got 0",
                       stx::DataError);
  learned.add(s.predictive, s.truth);
  CHECK_THROWS_WITH_AS(learned.learn(), "[ConformalCorrections] level 0.9 needs at least 19 held-out entries, got 10",
                       stx::DataError);
  for (int k = 0; k < 3; ++k) learned.add(s.predictive, s.truth);
  CHECK(learned.learn().size() == 4);  // 40 entries; 39 suffice for 95 %
  CHECK_THROWS_WITH_AS(learned.add(s.predictive, Matrix<float>(5, 3)),
                       "[ConformalCorrections] truth and predictions must have the same shape, got 5 x 3 and 5 x 2",
                       stx::ArgumentError);
  s.truth(3, 1) = 1.5f;
  CHECK_THROWS_WITH_AS(learned.add(s.predictive, s.truth),
                       "[ConformalCorrections] the truth of gene 1 at row 3 is 1.5; it must be a count",
                       stx::DataError);
  CHECK_THROWS_WITH_AS(make_intervals(s.predictive, uncorrected({0.5, 0.8, 0.9})),
                       "[make_intervals] there must be a correction for each of the 4 levels, got 3",
                       stx::ArgumentError);
  CHECK_THROWS_WITH_AS(make_intervals(s.predictive, uncorrected({0.5, 0.8, 0.9, 0.99})),
                       "[make_intervals] correction 3 is for level 0.99, the quantiles for level 0.95",
                       stx::ArgumentError);
}
