#include "stx/metrics/gene_scores.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <random>
#include <sstream>
#include <string>
#include <vector>

namespace {

struct Csv {
  std::vector<std::string> names;           // first field of each row
  std::vector<std::vector<double>> values;  // the other fields
};

// Reads rows `name,value,value,...`, leaving out comments and a header row.
Csv read_csv(const std::string& file) {
  std::ifstream in(std::string(STX_TEST_SOURCE_DIR) + "/golden/metrics/" + file);
  REQUIRE(in.good());
  Csv csv;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with('#') || line.starts_with("gene,")) continue;
    std::istringstream fields(line);
    std::string field;
    std::getline(fields, field, ',');
    csv.names.push_back(field);
    csv.values.emplace_back();
    while (std::getline(fields, field, ',')) {
      csv.values.back().push_back(std::strtod(field.c_str(), nullptr));
    }
  }
  return csv;
}

stx::Matrix<float> columns_from(const Csv& csv) {
  stx::Matrix<float> m(static_cast<std::int64_t>(csv.values.front().size()),
                       static_cast<std::int64_t>(csv.values.size()));
  for (std::int64_t j = 0; j < m.cols; ++j) {
    for (std::int64_t i = 0; i < m.rows; ++i) m(i, j) = static_cast<float>(csv.values[j][i]);
  }
  return m;
}

stx::Matrix<float> noise(std::int64_t rows, std::int64_t cols, unsigned seed) {
  std::mt19937 generator(seed);
  std::poisson_distribution<int> counts(2.0);
  stx::Matrix<float> m(rows, cols);
  for (float& v : m.values) v = std::log1p(static_cast<float>(counts(generator)));
  return m;
}

}  // namespace

TEST_CASE("all scores agree with SciPy, scikit-learn and scikit-image") {
  const Csv truth = read_csv("truth.csv"), expected = read_csv("scores.csv");
  const auto scores = stx::score_genes(columns_from(truth), columns_from(read_csv("prediction.csv")), 2);
  REQUIRE(scores.size() == expected.names.size());
  REQUIRE(truth.names == expected.names);
  for (std::size_t g = 0; g < scores.size(); ++g) {
    CAPTURE(expected.names[g]);
    REQUIRE(expected.values[g].size() == stx::score_columns.size());
    for (std::size_t c = 0; c < stx::score_columns.size(); ++c) {
      CAPTURE(stx::score_columns[c].name);
      const double got = scores[g].*stx::score_columns[c].value, want = expected.values[g][c];
      CAPTURE(got);
      CAPTURE(want);
      if (std::isnan(want)) {
        CHECK(std::isnan(got));
      } else {
        CHECK(std::abs(got - want) <= 1e-9 * std::abs(want) + 1e-13);
      }
    }
  }
}

TEST_CASE("constant columns are flagged and correlate 0") {
  stx::Matrix<float> truth(3, 2), prediction(3, 2);
  // 0.1f three times: the mean in double is not exactly 0.1f everywhere, the flag must still stand
  for (int i = 0; i < 3; ++i) {
    truth(i, 0) = 0.1f;
    prediction(i, 0) = static_cast<float>(i);
    truth(i, 1) = static_cast<float>(i);
    prediction(i, 1) = i == 1 ? -0.0f : 0.0f;
  }
  const auto s = stx::score_genes(truth, prediction, 1);
  CHECK(s[0].truth_constant);
  CHECK_FALSE(s[0].prediction_constant);
  CHECK_FALSE(s[1].truth_constant);
  CHECK(s[1].prediction_constant);
  for (const auto& gene : s) {
    CHECK(gene.pcc == 0);
    CHECK(gene.scc == 0);
    CHECK(gene.kendall == 0);
    CHECK(gene.rmse_z == doctest::Approx(1));
  }
}

TEST_CASE("scores do not depend on the thread count") {
  const auto truth = noise(200, 17, 1), prediction = noise(200, 17, 2);
  const auto one = stx::score_genes(truth, prediction, 1), four = stx::score_genes(truth, prediction, 4);
  for (std::size_t g = 0; g < one.size(); ++g) {
    for (const auto& column : stx::score_columns) CHECK(one[g].*column.value == four[g].*column.value);
  }
}

TEST_CASE("correlations do not change with scale and shift, JS and SSIM not with scale") {
  const auto truth = noise(300, 3, 3);
  auto prediction = noise(300, 3, 4), scaled = prediction, shifted = prediction;
  for (float& v : scaled.values) v *= 4.0f;
  for (float& v : shifted.values) v = 4.0f * v + 2.0f;
  const auto a = stx::score_genes(truth, prediction, 1), b = stx::score_genes(truth, scaled, 1),
             c = stx::score_genes(truth, shifted, 1);
  for (std::size_t g = 0; g < a.size(); ++g) {
    CHECK(c[g].pcc == doctest::Approx(a[g].pcc).epsilon(1e-5));
    CHECK(c[g].scc == a[g].scc);
    CHECK(c[g].kendall == a[g].kendall);
    CHECK(b[g].js == doctest::Approx(a[g].js).epsilon(1e-9));
    CHECK(b[g].ssim == doctest::Approx(a[g].ssim).epsilon(1e-9));
    CHECK(b[g].cossim == doctest::Approx(a[g].cossim).epsilon(1e-9));
    CHECK(a[g].rmse_z == doctest::Approx(std::sqrt(2 * (1 - a[g].pcc))).epsilon(1e-9));
    CHECK(b[g].rmse != doctest::Approx(a[g].rmse));
  }
}

TEST_CASE("values that are not finite and shapes that differ are errors") {
  auto truth = noise(4, 3, 5), prediction = noise(4, 3, 6);
  prediction(2, 1) = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_WITH_AS(stx::score_genes(truth, prediction, 2),
                       "[score_genes] the prediction of gene 1 at spot 2 is nan; scores need finite "
                       "values (drop the spot, or find out what made it)",
                       stx::DataError);
  truth(3, 0) = std::numeric_limits<float>::infinity();
  prediction(2, 1) = 0;
  CHECK_THROWS_WITH_AS(stx::score_genes(truth, prediction, 1),
                       "[score_genes] the truth of gene 0 at spot 3 is inf; scores need finite values "
                       "(drop the spot, or find out what made it)",
                       stx::DataError);
  CHECK_THROWS_WITH_AS(stx::score_genes(noise(4, 3, 1), noise(4, 2, 1), 1),
                       "[score_genes] truth and prediction must have the same shape, got 4 x 3 and 4 x 2",
                       stx::ArgumentError);
  CHECK_THROWS_WITH_AS(stx::score_genes(noise(1, 3, 1), noise(1, 3, 1), 1),
                       "[score_genes] scores need at least 2 spots, got 1", stx::ArgumentError);
  CHECK(stx::score_genes(noise(4, 0, 1), noise(4, 0, 1), 1).empty());
}

TEST_CASE("summaries: population SD, median of even counts, undefined values left out") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const stx::Summary s = stx::summarize({4, nan, 1, 2, 7});
  CHECK(s.count == 4);
  CHECK(s.mean == doctest::Approx(3.5));
  CHECK(s.median == doctest::Approx(3));
  CHECK(s.sd == doctest::Approx(std::sqrt((0.25 + 6.25 + 2.25 + 12.25) / 4)));
  CHECK(stx::summarize({5, 1, 9}).median == 5);
  CHECK(stx::summarize({nan}).count == 0);
  CHECK(std::isnan(stx::summarize({}).mean));
  std::vector<stx::GeneScores> scores(3);
  scores[0].pcc = 0.5;
  scores[2].pcc = 1;
  CHECK(stx::summarize(scores, &stx::GeneScores::pcc).mean == doctest::Approx(0.5));
}
