// Scores of stated uncertainty: what corrects whose intervals, coverage gene by gene, calibration over which genes.
#include <doctest/doctest.h>

#include "examples/dcavae/evaluation_parts.hpp"
#include "examples/dcavae/fold_intervals.hpp"
#include "examples/dcavae/fold_prediction.hpp"
#include "models/dcavae_pair.hpp"
#include "models/range.hpp"
#include "stx/data/random_draws.hpp"

using namespace stx::dcavae;
using stx::JobResult;
using stx::Matrix;
using stx::PairData;
using stx::test::range;
using Genes = std::vector<std::int64_t>;

namespace {

/// A fold's predictions that do not depend on the truth: negative binomial samples around a mean per gene and spot.
JobResult stated(std::int64_t rows, std::int64_t genes, std::uint64_t seed) {
  JobResult job;
  Matrix<float> mean(rows, genes), p_zero(rows, genes, 0.3f);
  stx::PhiloxStream random(seed, stx::RandomPurpose::simulate);
  for (float& m : mean.values) m = static_cast<float>(0.5 + 3 * stx::draw_gamma(random, 2.0));
  keep_uncertainty(
      job, p_zero,
      summarize_samples(range(rows), range(genes), 30, usual_levels(), 1, [&](const Genes& ids, std::int64_t s) {
        Matrix<float> x(static_cast<std::int64_t>(ids.size()), genes);
        for (std::int64_t i = 0; i < x.rows; ++i) {
          stx::PhiloxStream own(seed, stx::RandomPurpose::noise, static_cast<std::uint64_t>(ids[i] * 64 + s));
          for (std::int64_t g = 0; g < genes; ++g)
            x(i, g) = static_cast<float>(stx::draw_negative_binomial(own, mean(ids[i], g), 2.0));
        }
        return x;
      }));
  job.prediction = mean;
  return job;
}

/// Three folds of one variant, scored against the counts of a pair.
struct Folds {
  EvaluationPlan plan;
  std::vector<JobResult> jobs;

  explicit Folds(const PairData& pair, int n = 3) : plan(plan_of(pair, "genes", n, Options(), {})) {
    plan.seeds = {4};
    for (std::size_t f = 0; f < plan.folds.size(); ++f)
      jobs.push_back(stated(pair.st.counts.rows, static_cast<std::int64_t>(plan.folds[f].size()), 10 + f));
  }

  GenesEvaluation evaluate(const PairData& pair, std::size_t n_seeds = 1) const {
    GenesEvaluation evaluation(pair, plan);
    evaluation.log.order = {"dcavae"};
    std::vector<const JobResult*> pointers;
    for (const JobResult& job : jobs) pointers.push_back(&job);
    for (std::size_t s = 0; s < n_seeds; ++s) evaluation.add_uncertainty(pair, plan, "dcavae", s, pointers, 1);
    return evaluation;
  }
};

}  // namespace

TEST_CASE("the truth of a fold moves the corrections of the other folds, never its own") {
  const PairData pair = dcavae_pair::small_pair();
  const Folds folds(pair);
  const Genes& changed = folds.plan.folds[1];
  const PairData other_truth = dcavae_pair::with_other_counts(pair, changed);
  const GenesEvaluation a = folds.evaluate(pair), b = folds.evaluate(other_truth);
  int moved = 0, own_scores = 0;
  for (std::size_t f = 0; f < 3; ++f)
    for (const std::int64_t g : folds.plan.folds[f]) {
      const auto &x = a.uncertainty.at("dcavae").mean_of(g), &y = b.uncertainty.at("dcavae").mean_of(g);
      REQUIRE(x.width > 0);
      if (f == 1) CHECK(x.width == y.width);
      if (f == 1) own_scores += x.randomised != y.randomised;
      if (f != 1) moved += x.width != y.width;
    }
  CHECK(own_scores == static_cast<int>(changed.size()));  // the truth did change
  CHECK(moved == 18 - static_cast<int>(changed.size()));

  // The same of the corrections themselves.
  const auto held_out = [&](const PairData& data) {
    std::vector<HeldOutFold> all;
    for (std::size_t f = 0; f < 3; ++f)
      all.push_back({kept_predictive(folds.jobs[f], usual_levels()),
                     fold_truth(data, folds.plan.folds[f], a.rows, false).counts});
    return all;
  };
  const auto before = held_out(pair), after = held_out(other_truth);
  for (std::size_t f = 0; f < 4; ++f) {
    const auto x = taught_without(before, f, usual_levels(), 4).learn(),
               y = taught_without(after, f, usual_levels(), 4).learn();
    for (std::size_t l = 0; l < 4; ++l) CHECK((x[l].from == y[l].from && x[l].to == y[l].to) == (f == 1));
    if (f == 3)  // those for further genes use every fold
      for (std::size_t l = 0; l < 4; ++l) CHECK((a.corrections[l].from == x[l].from && b.corrections[l].to == y[l].to));
  }
}

TEST_CASE("coverage gene by gene: by hand, its quantiles, of each seed, and what further genes may expect") {
  const PairData pair = dcavae_pair::small_pair();
  const Folds folds(pair);
  const GenesEvaluation evaluation = folds.evaluate(pair, 2);
  const UncertaintyScores& scores = evaluation.uncertainty.at("dcavae");
  const auto json = scores.metrics();
  std::vector<double> closed(18);
  double sum = 0;
  for (std::size_t f = 0; f < 3; ++f) {
    std::vector<HeldOutFold> others;
    for (std::size_t o = 0; o < 3; ++o)
      if (o != f)
        others.push_back({kept_predictive(folds.jobs[o], usual_levels()),
                          fold_truth(pair, folds.plan.folds[o], evaluation.rows, false).counts});
    const Intervals at_90 = make_intervals(kept_predictive(folds.jobs[f], usual_levels()),
                                           taught_without(others, 2, usual_levels(), 4).learn())[2];
    const Matrix<float> truth = fold_truth(pair, folds.plan.folds[f], evaluation.rows, false).counts;
    for (std::int64_t j = 0; j < truth.cols; ++j) {
      double in = 0, width = 0;
      for (std::int64_t i = 0; i < truth.rows; ++i) {
        in += truth(i, j) >= at_90.lower(i, j) && truth(i, j) <= at_90.upper(i, j);
        width += at_90.upper(i, j) - at_90.lower(i, j);
      }
      const std::int64_t g = folds.plan.folds[f][static_cast<std::size_t>(j)];
      closed[static_cast<std::size_t>(g)] = in / static_cast<double>(truth.rows);
      sum += in;
      CHECK(scores.mean_of(g).coverage == doctest::Approx(in / static_cast<double>(truth.rows)));
      CHECK(scores.mean_of(g).width == doctest::Approx(width / static_cast<double>(truth.rows)));
      CHECK(scores.of_gene(g)["coverage_90"].get<double>() == scores.mean_of(g).coverage);
    }
  }
  CHECK(json["coverage"]["90"].get<double>() ==
        doctest::Approx(sum / (18.0 * static_cast<double>(evaluation.rows.size()))));
  const auto& quantiles = json["gene_coverage"]["90"];
  CHECK(quantiles["genes"] == 18);
  CHECK(quantiles["mean"].get<double>() == doctest::Approx(json["coverage"]["90"].get<double>()));
  std::sort(closed.begin(), closed.end());
  CHECK(quantiles["5"].get<double>() == doctest::Approx(0.15 * closed[0] + 0.85 * closed[1]));  // place 0.05 * 17
  CHECK(quantiles["50"].get<double>() == doctest::Approx(0.5 * (closed[8] + closed[9])));
  CHECK(quantiles["95"].get<double>() == doctest::Approx(0.85 * closed[16] + 0.15 * closed[17]));

  REQUIRE(scores.n_seeds() == 2);  // the same jobs twice
  CHECK(scores.metrics(0) == scores.metrics(1));
  CHECK(scores.metrics(0)["gene_coverage"] == json["gene_coverage"]);
  REQUIRE(evaluation.further_genes.size() == 18);
  const stx::Summary further = stx::summarize(evaluation.further_genes);
  CHECK((std::abs(further.mean - 0.9) < 0.05 && further.sd > 0));
  CHECK(folds.evaluate(pair, 1).further_genes == evaluation.further_genes);
}

TEST_CASE("quantiles: between values in proportion, NaN left out, null of nothing") {
  const double none = std::numeric_limits<double>::quiet_NaN();
  const auto json = quantiles_json({4, none, 0, 2});
  CHECK((json["genes"] == 3 && json["mean"] == 2.0 && json["50"] == 2.0));
  CHECK(json["5"].get<double>() == doctest::Approx(0.2));
  CHECK(json["75"].get<double>() == doctest::Approx(3));
  CHECK(quantiles_json({7})["95"] == 7.0);
  CHECK((quantiles_json({none})["50"].is_null() && quantiles_json({})["genes"] == 0));
}

TEST_CASE("calibration: over genes with zeros and other counts, median beside mean, and over all genes as published") {
  // Genes of 100 spots: 0 calibrated (slope 1), 1 twice as steep, 2 without a zero and 3 without another count (slope
  // 0 whatever is stated), 4 with both but one occupied bin (slope 0).
  constexpr std::int64_t n = 100;
  Matrix<float> truth(n, 5), p_zero(n, 5);
  for (std::int64_t i = 0; i < n; ++i) {
    const bool low = i < 50;
    const std::int64_t k = i % 50;
    p_zero(i, 0) = low ? 0.3f : 0.7f;
    truth(i, 0) = k < (low ? 15 : 35) ? 0 : 2;
    p_zero(i, 1) = low ? 0.3f : 0.7f;
    truth(i, 1) = k < (low ? 5 : 45) ? 0 : 2;
    p_zero(i, 2) = p_zero(i, 3) = low ? 0.3f : 0.7f;
    truth(i, 2) = 1;
    truth(i, 3) = 0;
    p_zero(i, 4) = 0.5f;
    truth(i, 4) = k < 20 ? 0 : 1;
  }
  Predictive predictive(n, 5, usual_levels());
  for (std::size_t l = 0; l < 4; ++l) predictive.upper[l] = Matrix<float>(n, 5, static_cast<float>(l + 1));
  UncertaintyScores scores(5, usual_levels());
  scores.add(0, {0, 1, 2, 3, 4}, truth, p_zero, predictive, make_intervals(predictive, uncorrected(usual_levels())), 1);
  const auto c = scores.metrics()["calibration"];
  CHECK(c["genes"] == 3);
  CHECK(c["slope"].get<double>() == doctest::Approx((1 + 2 + 0) / 3.0));
  CHECK(c["slope_median"].get<double>() == doctest::Approx(1));
  CHECK(c["intercept"].get<double>() == doctest::Approx((0 - 0.5 + 0.4) / 3));
  CHECK(std::abs(c["intercept_median"].get<double>()) < 1e-6);
  CHECK(c["all_genes"]["genes"] == 5);
  CHECK(c["all_genes"]["slope"].get<double>() == doctest::Approx(3 / 5.0));
  CHECK(c["all_genes"]["intercept"].get<double>() == doctest::Approx((0 - 0.5 + 0 + 1 + 0.4) / 5));
  CHECK(c["rule"].get<std::string>().find("one occupied bin has slope 0") != std::string::npos);
  for (const std::int64_t g : {2, 3})
    CHECK((std::isnan(scores.mean_of(g).auc) && std::abs(scores.mean_of(g).slope) < 1e-12));
  CHECK(scores.mean_of(4).slope == 0);
}
