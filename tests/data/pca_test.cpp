#include "stx/data/pca.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>

#include "stx/data/csr_select.hpp"
#include "support/golden.hpp"

namespace {

double worst(const stx::Matrix<float>& got, const stx::Matrix<double>& expected) {
  REQUIRE(got.rows == expected.rows);
  REQUIRE(got.cols == expected.cols);
  double error = 0;
  for (std::size_t i = 0; i < got.values.size(); ++i) {
    const double e = std::abs(got.values[i] - expected.values[i]);
    if (!(e <= error)) error = e;
  }
  return error;
}

template <class M>
void check_against(const golden::Arrays& expected, const M& x, stx::PcaOptions options) {
  options.n_components = static_cast<int>(expected.at("components").rows);
  const stx::PcaResult got = stx::pca(x, options);
  CHECK(worst(got.components, expected.at("components")) <= 1e-5);
  CHECK(worst(got.scores, expected.at("scores")) <= 1e-5);
  for (std::size_t c = 0; c < got.variance.size(); ++c) {
    CHECK(std::abs(got.variance[c] / expected.at("variance").values[c] - 1) <= 1e-7);
  }
  CHECK(std::abs(got.total_variance / expected.at("total").values[0] - 1) <= 1e-7);
}

}  // namespace

TEST_CASE("covariance and Krylov solutions, sparse and dense, agree with a full SVD") {
  for (const std::string name : {"pca_tall.txt", "pca_wide.txt"}) {
    CAPTURE(name);
    const golden::Arrays expected = golden::load("data/" + name);
    const stx::Matrix<float> dense = golden::to_float(expected.at("x"));
    const stx::CsrMatrix<float> sparse = stx::to_csr(dense);
    for (const std::int64_t limit : {0, 1000}) {
      CAPTURE(limit);
      check_against(expected, dense, {.max_covariance_genes = limit});
      check_against(expected, sparse, {.max_covariance_genes = limit});
    }
    check_against(expected, sparse, {.max_covariance_genes = 0, .seed = 9});
  }
}

TEST_CASE("results are the same bits for any number of threads") {
  const stx::CsrMatrix<float> x = stx::to_csr(golden::to_float(golden::load("data/pca_wide.txt").at("x")));
  for (const std::int64_t limit : {0, 1000}) {
    const stx::PcaResult one = stx::pca(x, {.n_components = 9, .max_covariance_genes = limit, .threads = 1});
    const stx::PcaResult three = stx::pca(x, {.n_components = 9, .max_covariance_genes = limit, .threads = 3});
    CHECK(one.scores.values == three.scores.values);
    CHECK(one.variance == three.variance);
  }
}

TEST_CASE("the loading of largest magnitude is positive, and a large mean does no harm") {
  stx::Matrix<float> x = golden::to_float(golden::load("data/pca_tall.txt").at("x"));
  const stx::PcaResult before = stx::pca(x, {.n_components = 4});
  for (float& value : x.values) value += 1000;
  const stx::PcaResult after = stx::pca(x, {.n_components = 4});
  for (int c = 0; c < 4; ++c) {
    float extreme = 0;
    for (const float value : before.components.row(c)) {
      if (std::abs(value) > std::abs(extreme)) extreme = value;
    }
    CHECK(extreme > 0);
    CHECK(std::abs(after.variance[c] / before.variance[c] - 1) <= 1e-3);
  }
}

TEST_CASE("rank-deficient matrices have zero variance beyond their rank") {
  stx::Matrix<float> x(6, 40);
  for (std::int64_t i = 0; i < 6; ++i) {
    for (std::int64_t g = 0; g < 40; ++g) x(i, g) = static_cast<float>((i - 2) * (g % 5));
  }
  for (const std::int64_t limit : {0, 1000}) {
    const stx::PcaResult got = stx::pca(x, {.n_components = 3, .max_covariance_genes = limit});
    CHECK(got.variance[0] > 100);
    CHECK(got.variance[1] <= 1e-6 * got.variance[0]);
  }
}

TEST_CASE("impossible requests are refused") {
  const stx::Matrix<float> x(4, 6, 1.0f);
  CHECK_THROWS_WITH_AS(stx::pca(x, {.n_components = 5}),
                       "[pca] n_components must lie in [1, 4] for 4 x 6 values, got 5", stx::ArgumentError);
  stx::Matrix<float> bad = x;
  bad(1, 2) = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_WITH_AS(stx::pca(bad, {.n_components = 2}),
                       "[pca] gene 2 has values that are not finite; clean the matrix first", stx::DataError);
}
