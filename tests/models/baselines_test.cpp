#include "common/baselines.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <random>
#include <utility>
#include <vector>

#include "stx/metrics/correlation.hpp"

namespace {

using stx::Matrix;
using Rows = std::vector<std::vector<double>>;

Matrix<float> noise(std::int64_t rows, std::int64_t cols, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal(1.0f, 2.0f);
  Matrix<float> m(rows, cols);
  for (float& v : m.values) v = normal(generator);
  return m;
}

// Columns z-scored (population SD); constant columns become 0.
Rows slow_zscore(const Matrix<float>& m, const Matrix<float>& fitted_on) {
  Rows z(m.rows, std::vector<double>(m.cols));
  for (std::int64_t g = 0; g < m.cols; ++g) {
    double mean = 0, square = 0;
    for (std::int64_t i = 0; i < fitted_on.rows; ++i) mean += fitted_on(i, g) / double(fitted_on.rows);
    for (std::int64_t i = 0; i < fitted_on.rows; ++i) {
      square += std::pow(fitted_on(i, g) - mean, 2) / double(fitted_on.rows);
    }
    for (std::int64_t i = 0; i < m.rows; ++i) {
      z[i][g] = square > 1e-12 ? (m(i, g) - mean) / std::sqrt(square) : 0;
    }
  }
  return z;
}

// Ridge coefficients (inputs x targets) by Gaussian elimination on the normal equations.
Rows slow_ridge(const Rows& z, const Matrix<float>& y, double lambda) {
  const std::size_t n = z.size(), p = z[0].size(), t = y.cols;
  Rows a(p, std::vector<double>(p + t, 0.0));
  for (std::size_t j = 0; j < p; ++j) {
    for (std::size_t k = 0; k < p; ++k) {
      for (std::size_t i = 0; i < n; ++i) a[j][k] += z[i][j] * z[i][k];
    }
    a[j][j] += lambda * double(n);
    for (std::size_t k = 0; k < t; ++k) {
      for (std::size_t i = 0; i < n; ++i) a[j][p + k] += z[i][j] * y(i, k);  // z is centred
    }
  }
  for (std::size_t j = 0; j < p; ++j) {  // positive definite: no pivoting needed
    for (std::size_t r = 0; r < p; ++r) {
      if (r == j) continue;
      const double factor = a[r][j] / a[j][j];
      for (std::size_t c = j; c < p + t; ++c) a[r][c] -= factor * a[j][c];
    }
  }
  Rows w(p, std::vector<double>(t));
  for (std::size_t j = 0; j < p; ++j) {
    for (std::size_t k = 0; k < t; ++k) w[j][k] = a[j][p + k] / a[j][j];
  }
  return w;
}

Matrix<double> slow_apply(const Rows& z, const Rows& w, const Matrix<float>& y) {
  Matrix<double> out(static_cast<std::int64_t>(z.size()), y.cols);
  for (std::int64_t i = 0; i < out.rows; ++i) {
    for (std::int64_t k = 0; k < out.cols; ++k) {
      for (std::int64_t r = 0; r < y.rows; ++r) out(i, k) += y(r, k) / double(y.rows);
      for (std::size_t j = 0; j < w.size(); ++j) out(i, k) += z[i][j] * w[j][k];
    }
  }
  return out;
}

template <class A, class B>
double largest_difference(const Matrix<A>& a, const Matrix<B>& b) {
  REQUIRE(a.rows == b.rows);
  REQUIRE(a.cols == b.cols);
  double largest = 0;
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    const double difference = std::abs(double(a.values[i]) - double(b.values[i]));
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}

}  // namespace

TEST_CASE("the mean baseline predicts the training mean") {
  Matrix<float> inputs(3, 1), targets(3, 2);
  targets.values = {1, 10, 2, 20, 6, 60};
  stx::MeanBaseline baseline;
  baseline.fit(inputs, targets);
  const auto out = baseline.predict(Matrix<float>(2, 1));
  CHECK(out.values == std::vector<float>{3, 30, 3, 30});
}

TEST_CASE("ridge agrees with Gaussian elimination, with more rows than genes and with fewer") {
  for (const auto& shape : {std::pair{40, 6}, std::pair{7, 12}, std::pair{1, 3}}) {
    const int rows = shape.first, genes = shape.second;
    CAPTURE(rows);
    auto inputs = noise(rows, genes, 1);
    const auto targets = noise(rows, 3, 2), fresh = noise(5, genes, 3);
    for (int i = 0; i < rows; ++i) inputs(i, 1) = 0.1f;  // a constant input must not matter
    const double lambda = 0.05;
    stx::RidgeOptions options;
    options.lambda = lambda;
    options.threads = 2;
    stx::RidgeBaseline ridge(options);
    ridge.fit(inputs, targets);
    const Rows w = slow_ridge(slow_zscore(inputs, inputs), targets, lambda);
    const auto expected = slow_apply(slow_zscore(fresh, inputs), w, targets);
    CHECK(largest_difference(ridge.predict(fresh), expected) <= 1e-5);
  }
}

TEST_CASE("ridge sums blocks of rows to the same system") {
  const auto inputs = noise(9001, 3, 4), targets = noise(9001, 1, 5);
  stx::RidgeBaseline ridge;
  ridge.fit(inputs, targets);
  const Rows w = slow_ridge(slow_zscore(inputs, inputs), targets, 1e-2);
  const auto fresh = noise(300, 3, 6);
  const auto expected = slow_apply(slow_zscore(fresh, inputs), w, targets);
  CHECK(largest_difference(ridge.predict(fresh), expected) <= 1e-5);
}

TEST_CASE("validation spots choose the penalty: much for noise, little for signal") {
  const auto inputs = noise(60, 10, 7), more = noise(60, 10, 8);
  auto linear = [](const Matrix<float>& x) {
    Matrix<float> y(x.rows, 1);
    for (std::int64_t i = 0; i < x.rows; ++i) y(i, 0) = 2 * x(i, 0) - x(i, 3) + 5;
    return y;
  };
  stx::RidgeBaseline ridge;
  ridge.fit(inputs, linear(inputs), more, linear(more));
  CHECK(ridge.lambda() == doctest::Approx(1e-4));
  CHECK(largest_difference(ridge.predict(more), linear(more)) <= 5e-3);
  ridge.fit(inputs, noise(60, 20, 9), more, noise(60, 20, 10));
  CHECK(ridge.lambda() >= 1);
}

TEST_CASE("kNN averages the nearest training spots and chooses k on validation spots") {
  Matrix<float> inputs(4, 1), targets(4, 1), query(2, 1);
  inputs.values = {0, 1, 2, 10};
  targets.values = {1, 2, 6, 100};
  query.values = {0.9f, 9};
  stx::KnnBaselineOptions options;
  options.k = 2;
  stx::KnnBaseline knn(options);
  knn.fit(inputs, targets);
  CHECK(knn.predict(query).values == std::vector<float>{1.5f, 53});
  options.grid = {1, 3, 50};  // 50 becomes 4, all there are
  stx::KnnBaseline chosen(options);
  Matrix<float> truth(2, 1);
  truth.values = {3, 36};  // the mean of 1, 2, 6 and of 2, 6, 100
  chosen.fit(inputs, targets, query, truth);
  CHECK(chosen.k() == 3);
  CHECK(chosen.predict(query).values == truth.values);
  truth.values = {27.25f, 27.25f};
  chosen.fit(inputs, targets, query, truth);
  CHECK(chosen.k() == 4);
}

TEST_CASE("cell ridge z-scores cells and spots apart") {
  const auto cells = noise(50, 6, 11), targets = noise(50, 2, 12);
  auto spots = noise(20, 6, 13);
  stx::CellRidgeOptions options;
  options.lambda = 0.3;
  options.threads = 2;
  stx::CellRidge ridge(options);
  ridge.fit(cells, targets);
  const Rows w = slow_ridge(slow_zscore(cells, cells), targets, 0.3);
  const auto before = ridge.predict(spots);
  CHECK(largest_difference(before, slow_apply(slow_zscore(spots, spots), w, targets)) <= 1e-5);
  for (std::int64_t i = 0; i < spots.rows; ++i) spots(i, 2) = 8 * spots(i, 2) + 64;
  CHECK(largest_difference(ridge.predict(spots), before) <= 1e-4);
}

TEST_CASE("cell ridge chooses its penalty on measured genes of the spots") {
  // Cells where two latent programmes drive all genes; spots share them, with noise of their own.
  const auto simulate = [](std::int64_t rows, float noise_sd, unsigned seed) {
    std::mt19937 generator(seed);
    std::normal_distribution<float> normal;
    Matrix<float> m(rows, 22);
    for (std::int64_t i = 0; i < rows; ++i) {
      const float a = normal(generator), b = normal(generator);
      for (int g = 0; g < 22; ++g) m(i, g) = (g % 2 ? a : b) + noise_sd * normal(generator);
    }
    return m;
  };
  const auto take = [](const Matrix<float>& m, int first, int last) {
    Matrix<float> out(m.rows, last - first);
    for (std::int64_t i = 0; i < m.rows; ++i) {
      for (int g = first; g < last; ++g) out(i, g - first) = m(i, g);
    }
    return out;
  };
  const auto cells = simulate(25, 0.5f, 14), spots = simulate(400, 2.0f, 15);
  stx::CellRidge chosen;
  chosen.fit(take(cells, 0, 20), take(cells, 20, 22), take(spots, 0, 20));
  CHECK(chosen.lambda() > 0.1);
  stx::CellRidgeOptions options;
  options.lambda = 1e-3;
  stx::CellRidge overfitted(options);
  overfitted.fit(take(cells, 0, 20), take(cells, 20, 22));
  const auto correlation = [&](const stx::CellRidge& ridge) {
    const auto out = ridge.predict(take(spots, 0, 20));
    std::vector<float> x, y;
    for (std::int64_t i = 0; i < out.rows; ++i) {
      x.push_back(out(i, 0));
      y.push_back(spots(i, 20));
    }
    return stx::pearson(x, y);
  };
  CHECK(correlation(chosen) > correlation(overfitted));
}

TEST_CASE("the cell kernel agrees with plain loops") {
  auto cells = noise(70, 5, 16);
  const auto targets = noise(70, 3, 17), spots = noise(130, 5, 18);
  stx::CellKnnOptions options;
  options.threads = 2;
  stx::CellKnn kernel(options);
  kernel.fit(cells, targets);
  const Rows zc = slow_zscore(cells, cells), zs = slow_zscore(spots, spots);
  Matrix<double> expected(spots.rows, 3);
  for (std::int64_t i = 0; i < spots.rows; ++i) {
    double total = 0;
    for (std::int64_t c = 0; c < cells.rows; ++c) {
      double cc = 0, ss = 0, cs = 0;
      for (int g = 0; g < 5; ++g) {
        cc += zc[c][g] * zc[c][g];
        ss += zs[i][g] * zs[i][g];
        cs += zc[c][g] * zs[i][g];
      }
      const double weight = std::exp(cs / std::sqrt(cc * ss) / 0.1);
      total += weight;
      for (int k = 0; k < 3; ++k) expected(i, k) += weight * targets(c, k);
    }
    for (int k = 0; k < 3; ++k) expected(i, k) /= total;
  }
  CHECK(largest_difference(kernel.predict(spots), expected) <= 1e-4);
}

TEST_CASE("baselines do not depend on the thread count") {
  const auto inputs = noise(700, 8, 19), targets = noise(700, 4, 20), fresh = noise(600, 8, 21);
  const auto run = [&](int threads) {
    stx::RidgeOptions ridge_options;
    stx::KnnBaselineOptions knn_options;
    stx::CellKnnOptions cell_options;
    stx::CellRidgeOptions cell_ridge_options;
    ridge_options.threads = knn_options.threads = cell_options.threads = threads;
    cell_ridge_options.threads = threads;
    stx::RidgeBaseline ridge(ridge_options);
    stx::KnnBaseline knn(knn_options);
    stx::CellKnn kernel(cell_options);
    stx::CellRidge cell_ridge(cell_ridge_options);
    ridge.fit(inputs, targets);
    knn.fit(inputs, targets);
    kernel.fit(inputs, targets);
    cell_ridge.fit(inputs, targets, fresh);
    std::vector<float> all = ridge.predict(fresh).values;
    for (const auto& out : {knn.predict(fresh), kernel.predict(fresh), cell_ridge.predict(fresh)}) {
      all.insert(all.end(), out.values.begin(), out.values.end());
    }
    return all;
  };
  CHECK(run(1) == run(3));
}

TEST_CASE("baselines refuse what they cannot use") {
  auto inputs = noise(4, 3, 22);
  const auto targets = noise(4, 2, 23);
  stx::RidgeBaseline ridge;
  CHECK_THROWS_AS(ridge.fit(inputs, noise(5, 2, 24)), stx::ArgumentError);
  CHECK_THROWS_AS(ridge.predict(inputs), stx::ArgumentError);  // not fitted
  ridge.fit(inputs, targets);
  CHECK_THROWS_WITH_AS(ridge.predict(noise(2, 4, 25)),
                       "[RidgeBaseline] was fitted on 3 input genes, got 4; fit it first, on the "
                       "same genes",
                       stx::ArgumentError);
  inputs(3, 1) = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_WITH_AS(ridge.fit(inputs, targets), "[RidgeBaseline] inputs hold nan at row 3; clean the matrix first",
                       stx::DataError);
  stx::CellKnnOptions options;
  options.temperature = 0;
  CHECK_THROWS_AS(stx::CellKnn(options).fit(targets, targets), stx::ArgumentError);
  stx::RidgeOptions no_penalty;
  no_penalty.lambda = 0;
  CHECK_THROWS_AS(stx::RidgeBaseline(no_penalty).fit(targets, targets), stx::ArgumentError);
}
