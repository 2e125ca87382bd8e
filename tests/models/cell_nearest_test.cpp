// The naive baseline: the mean of the most similar single cells.
#include "common/baselines_cell_nearest.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace {

using stx::Matrix;

Matrix<float> noise(std::int64_t rows, std::int64_t cols, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal(1.0f, 2.0f);
  Matrix<float> m(rows, cols);
  for (float& v : m.values) v = normal(generator);
  return m;
}

/// Row i of `m` z-scored over all rows.
std::vector<double> profile(const Matrix<float>& m, std::int64_t i) {
  std::vector<double> z;
  for (std::int64_t g = 0; g < m.cols; ++g) {
    double mean = 0, square = 0;
    for (std::int64_t r = 0; r < m.rows; ++r) mean += m(r, g) / double(m.rows);
    for (std::int64_t r = 0; r < m.rows; ++r) square += std::pow(m(r, g) - mean, 2) / double(m.rows);
    z.push_back((m(i, g) - mean) / std::sqrt(square));
  }
  return z;
}

double cosine(const std::vector<double>& a, const std::vector<double>& b) {
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t g = 0; g < a.size(); ++g) ab += a[g] * b[g], aa += a[g] * a[g], bb += b[g] * b[g];
  return ab / std::sqrt(aa * bb);
}

Matrix<float> predict(int k, int threads, const Matrix<float>& cells, const Matrix<float>& targets,
                      const Matrix<float>& spots) {
  stx::CellNearest nearest({.k = k, .threads = threads});
  nearest.fit(cells, targets);
  return nearest.predict(spots);
}

}  // namespace

TEST_CASE("the mean of the k most similar cells, as by plain loops, on any number of threads") {
  const auto cells = noise(90, 6, 1), targets = noise(90, 3, 2), spots = noise(70, 6, 3);
  const Matrix<float> out = predict(7, 1, cells, targets, spots);
  for (std::int64_t i = 0; i < spots.rows; ++i) {
    std::vector<std::pair<double, std::int64_t>> order;
    for (std::int64_t c = 0; c < cells.rows; ++c) order.emplace_back(-cosine(profile(cells, c), profile(spots, i)), c);
    std::sort(order.begin(), order.end());
    for (std::int64_t g = 0; g < 3; ++g) {
      double mean = 0;
      for (int n = 0; n < 7; ++n) mean += targets(order[n].second, g) / 7.0;
      CHECK_FALSE(!(std::abs(out(i, g) - mean) <= 1e-5));
    }
  }
  CHECK(predict(7, 3, cells, targets, spots).values == out.values);
}

TEST_CASE("more neighbours than cells are all cells; fewer than one are refused") {
  const auto cells = noise(5, 4, 4), targets = noise(5, 2, 5), spots = noise(3, 4, 6);
  const Matrix<float> all = predict(50, 1, cells, targets, spots);
  for (std::int64_t i = 0; i < 3; ++i)
    for (std::int64_t g = 0; g < 2; ++g) {
      float mean = 0;
      for (std::int64_t c = 0; c < 5; ++c) mean += targets(c, g);
      CHECK(all(i, g) == mean / 5);
    }
  CHECK_THROWS_WITH_AS(predict(0, 1, cells, targets, spots), "[CellNearest] k must be at least 1, got 0",
                       stx::ArgumentError);
}
