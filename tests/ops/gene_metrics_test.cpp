#include "stx/ops/gene_metrics.hpp"

#include "stx/autograd/backward.hpp"
#include "stx/backend/cpu/transfer.hpp"
#include "support/compare.hpp"
#include "support/golden.hpp"
#include "support/guarded.hpp"
#include "support/naive_metrics.hpp"
#include "support/random.hpp"

using namespace stx::test;
using stx::Cpu;
using stx::GeneScore;
using stx::Shape;

namespace {

template <class T = float>
std::vector<double> run(std::int64_t rows, std::int64_t cols, const std::vector<double>& truth,
                        const std::vector<double>& prediction, int threads = 2) {
  stx::Context<Cpu> ctx({.threads = threads});
  return to_host(ctx, stx::gene_metrics(ctx, to_device(ctx, convert<T>(truth), Shape{rows, cols}),
                                        to_device(ctx, convert<T>(prediction), Shape{rows, cols})));
}

double at(const std::vector<double>& scores, GeneScore which, std::int64_t cols, std::int64_t column) {
  return scores[static_cast<std::size_t>(which) * cols + column];
}

}  // namespace

TEST_CASE("gene_metrics: SciPy's values, smooth, tied and negative columns") {
  const auto golden = golden::load("ops/gene_metrics.txt");
  const auto& truth = golden.at("truth");
  const auto got = run(truth.rows, truth.cols, truth.values, golden.at("prediction").values);
  const auto& want = golden.at("scores").values;
  REQUIRE(got.size() == 14 * 4);
  for (std::size_t k = 0; k < want.size(); ++k)
    CHECK(std::abs(got[k] - want[k]) < 1e-6 * std::max(1.0, std::abs(want[k])));
}

TEST_CASE("gene_metrics: the fixture printed in the specification of SpotDiff") {
  const auto got = run(5, 1, {0, 1, 2, 3, 0}, {0.5, 1, 1, 4, 0});
  CHECK(at(got, GeneScore::pcc, 1, 0) == doctest::Approx(0.88199272).epsilon(1e-8));
  CHECK(at(got, GeneScore::scc, 1, 0) == doctest::Approx(0.94736842).epsilon(1e-8));
  CHECK(at(got, GeneScore::rmse_z, 1, 0) == doctest::Approx(0.48581329).epsilon(1e-8));
  CHECK(at(got, GeneScore::ssim, 1, 0) == doctest::Approx(0.85898347).epsilon(1e-8));
  CHECK(at(got, GeneScore::js, 1, 0) == doctest::Approx(0.04670480).epsilon(1e-7));
  CHECK(at(got, GeneScore::cossim, 1, 0) == doctest::Approx(0.93841687).epsilon(1e-8));
}

TEST_CASE("gene_metrics: rank scores against all pairs, with many ties, odd shapes") {
  for (std::int64_t rows : {2, 31, 32, 33, 1023, 4097}) {
    auto truth = random_values(rows * 3, 1, 0, 4), prediction = random_values(rows * 3, 2, 0, 4);
    for (std::int64_t i = 0; i < rows; ++i) {
      truth[3 * i + 1] = std::floor(truth[3 * i + 1]);
      prediction[3 * i + 1] = std::floor(prediction[3 * i + 1]);
      prediction[3 * i + 2] = std::floor(prediction[3 * i + 2] + truth[3 * i + 2]);
    }
    const auto got = run(rows, 3, truth, prediction);
    for (std::int64_t j = 0; j < 3; ++j) {
      std::vector<double> x, y;
      for (std::int64_t i = 0; i < rows; ++i) {
        x.push_back(truth[3 * i + j]);
        y.push_back(prediction[3 * i + j]);
      }
      INFO(rows, " rows, column ", j);
      CHECK(std::abs(at(got, GeneScore::scc, 3, j) -
                     naive::correlation(naive::average_ranks(x), naive::average_ranks(y))) < 1e-12);
      CHECK(std::abs(at(got, GeneScore::kendall, 3, j) - naive::tau_b(x, y)) < 1e-12);
      CHECK(std::abs(at(got, GeneScore::pcc, 3, j) - naive::correlation(x, y)) < 1e-12);
    }
  }
}

TEST_CASE("gene_metrics: every score in double against its definition in long double") {
  for (std::int64_t rows : {3, 32, 300}) {
    auto truth = random_values(rows * 2, 1, -1, 4), prediction = random_values(rows * 2, 2, -1, 4);
    for (std::int64_t i = 0; i < rows; ++i) {  // a column of counts, with zeros and ties
      truth[2 * i + 1] = std::max(0.0, std::floor(truth[2 * i + 1]) + i % 2);
      prediction[2 * i + 1] = std::floor(prediction[2 * i + 1] + truth[2 * i + 1]);
    }
    const auto got = run<double>(rows, 2, truth, prediction);
    CHECK(same_bits(got, run<float>(rows, 2, truth, prediction)));  // the values are exact in float
    for (std::int64_t j = 0; j < 2; ++j) {
      std::vector<double> x, y;
      for (std::int64_t i = 0; i < rows; ++i) {
        x.push_back(truth[2 * i + j]);
        y.push_back(prediction[2 * i + j]);
      }
      const auto want = naive::gene_scores(x, y);
      for (std::size_t k = 0; k < want.size(); ++k) {
        INFO(rows, " rows, column ", j, ", ", stx::score_columns[k].name);
        CHECK(std::abs(got[k * 2 + j] - want[k]) <= 1e-12 * std::max(1.0, std::abs(want[k])));
      }
      for (auto which : {GeneScore::truth_constant, GeneScore::prediction_constant}) CHECK(at(got, which, 2, j) == 0);
    }
  }
}

TEST_CASE("gene_metrics: values in double are those that float holds") {
  std::vector<double> fine = random_values(40 * 2, 1), other = random_values(40 * 2, 2);
  const auto coarse = fine;
  for (double& v : fine) v *= 1 + 1e-9;
  CHECK(same_bits(run<double>(40, 2, fine, other), run<double>(40, 2, coarse, other)));
  fine[3] = 1e39;  // not finite in float
  const auto got = run<double>(40, 2, fine, other);
  for (std::int64_t k = 0; k < stx::gene_score_count; ++k) {
    CHECK(std::isfinite(got[k * 2]));
    CHECK(std::isnan(got[k * 2 + 1]));
  }
}

TEST_CASE("gene_metrics: constant and broken columns") {
  // Columns: truth constant, prediction constant, both, NaN in the truth, infinity in the
  // prediction.
  const double nan = std::nan(""), inf = std::numeric_limits<double>::infinity();
  const auto got =
      run(3, 5, {1, 1, 1, nan, 1, 1, 2, 1, 2, 2, 1, 3, 1, 3, 3}, {1, 5, 5, 1, 1, 2, 5, 5, 2, inf, 3, 5, 5, 3, 3});
  for (std::int64_t j : {0, 1, 2})
    for (auto which : {GeneScore::pcc, GeneScore::scc, GeneScore::kendall}) CHECK(at(got, which, 5, j) == 0);
  CHECK(at(got, GeneScore::truth_constant, 5, 0) == 1);
  CHECK(at(got, GeneScore::prediction_constant, 5, 0) == 0);
  CHECK(at(got, GeneScore::truth_constant, 5, 1) == 0);
  CHECK(at(got, GeneScore::prediction_constant, 5, 1) == 1);
  for (std::int64_t j : {3, 4})
    for (std::int64_t k = 0; k < stx::gene_score_count; ++k) CHECK(std::isnan(got[k * 5 + j]));
  CHECK(run(2, 0, {}, {}).empty());
}

TEST_CASE("gene_metrics: a matrix against itself is perfect; threads do not matter" *
          doctest::test_suite("properties")) {
  const auto truth = random_values(100 * 7, 3, 0.5, 4);
  const auto got = run(100, 7, truth, truth);
  for (std::int64_t j = 0; j < 7; ++j) {
    for (auto which :
         {GeneScore::pcc, GeneScore::scc, GeneScore::kendall, GeneScore::ssim, GeneScore::cossim, GeneScore::r2})
      CHECK(at(got, which, 7, j) == doctest::Approx(1));
    for (auto which : {GeneScore::rmse, GeneScore::rmse_z, GeneScore::js, GeneScore::mape})
      CHECK(std::abs(at(got, which, 7, j)) < 1e-7);
  }
  const auto other = random_values(100 * 7, 4, 0.5, 4);
  const auto one = run(100, 7, truth, other, 1);
  for (int threads : {1, 2, 3, 5}) CHECK(same_bits(one, run(100, 7, truth, other, threads)));
}

TEST_CASE("gene_metrics: one buffer as both inputs, scores on the host, buffers intact") {
  stx::Context<Cpu> ctx;
  const auto m = to_device(ctx, convert<float>(random_values(40, 5)), Shape{10, 4});
  const auto genes = to_gene_scores(ctx, stx::gene_metrics(ctx, m, m));
  REQUIRE(genes.size() == 4);
  CHECK(genes[2].pcc == doctest::Approx(1));
  CHECK(genes[2].l2 == 0);
  CHECK_FALSE(genes[2].truth_constant);
  Guarded<float> truth(convert<float>(random_values(33 * 3, 1))), prediction(33 * 3, 1.0f);
  Guarded<double> scores(14 * 3);
  stx::gene_metrics(
      ctx, stx::GeneMetrics<float>{
               .truth = truth.data(), .prediction = prediction.data(), .scores = scores.data(), .rows = 33, .cols = 3});
  CHECK((truth.intact() && prediction.intact() && scores.intact()));
}

TEST_CASE("gene_metrics: no columns have no scores") { CHECK(run(5, 0, {}, {}).empty()); }

TEST_CASE("gene_metrics: wrong calls are errors") {
  stx::Context<Cpu> ctx;
  const auto of = [&](Shape shape) { return ctx.make_persistent<float>(shape); };
  CHECK_THROWS_WITH_AS(stx::gene_metrics(ctx, of({3, 4}), of({4, 3})),
                       "[gene_metrics] truth and prediction must have one shape (rows, cols), got (3, 4) "
                       "and (4, 3)",
                       stx::ArgumentError);
  CHECK_THROWS_WITH_AS(stx::gene_metrics(ctx, of({1, 4}), of({1, 4})),
                       "[gene_metrics] scores need at least 2 rows, got 1", stx::ArgumentError);
}
