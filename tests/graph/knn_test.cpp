#include "stx/graph/knn.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "stx/math/philox.hpp"
#include "support/golden.hpp"

namespace {

stx::Matrix<float> random_points(std::int64_t n, std::int64_t dims, std::uint64_t seed) {
  stx::PhiloxStream random(seed, stx::RandomPurpose::simulate);
  stx::Matrix<float> points(n, dims);
  for (float& value : points.values) value = static_cast<float>(random.uniform());
  return points;
}

// Sorted (distance, index) of all points, in double, straight from the definition.
std::vector<std::pair<double, int>> all_neighbours(std::span<const float> query, const stx::Matrix<float>& points) {
  std::vector<std::pair<double, int>> out;
  for (std::int64_t p = 0; p < points.rows; ++p) {
    double square = 0;
    for (std::int64_t d = 0; d < points.cols; ++d) {
      square += std::pow(static_cast<double>(query[d]) - points(p, d), 2);
    }
    out.emplace_back(std::sqrt(square), static_cast<int>(p));
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

TEST_CASE("neighbours are those of a naive search, for odd sizes and any dimension") {
  for (const std::int64_t n : {1, 5, 63, 64, 65, 331}) {
    for (const std::int64_t dims : {1, 3, 50}) {
      const stx::Matrix<float> points = random_points(n, dims, 1), queries = random_points(7, dims, 2);
      const int k = static_cast<int>(std::min<std::int64_t>(n, 15));
      const stx::KnnResult got = stx::knn_search(queries, points, {.k = k});
      for (std::int64_t q = 0; q < queries.rows; ++q) {
        const auto expected = all_neighbours(queries.row(q), points);
        for (int j = 0; j < k; ++j) {
          CHECK(got.indices(q, j) == expected[j].second);
          CHECK(std::abs(got.distances(q, j) - expected[j].first) <= 1e-5);
        }
      }
    }
  }
}

TEST_CASE("equal distances are ordered by index, and a graph lists the point itself first") {
  stx::Matrix<float> points(70, 2, 0.25f);
  points(3, 0) = 9;
  const stx::KnnResult search = stx::knn_search(points, points, {.k = 4});
  CHECK(std::vector<int>(search.indices.row(69).begin(), search.indices.row(69).end()) == std::vector<int>{0, 1, 2, 4});
  const stx::KnnResult graph = stx::knn_graph(points, {.k = 4});
  CHECK(std::vector<int>(graph.indices.row(69).begin(), graph.indices.row(69).end()) == std::vector<int>{69, 0, 1, 2});
  CHECK(std::vector<int>(graph.indices.row(1).begin(), graph.indices.row(1).end()) == std::vector<int>{1, 0, 2, 4});
  CHECK(graph.distances(69, 3) == 0);
  CHECK(graph.distances(3, 1) == 8.75f);
}

TEST_CASE("cosine distances agree with scikit-learn; zero rows are at distance 1") {
  const golden::Arrays expected = golden::load("data/neighbours.txt");
  const stx::Matrix<float> points = golden::to_float(expected.at("points"));
  const stx::KnnResult got = stx::knn_graph(points, {.k = 6, .metric = stx::KnnMetric::cosine});
  for (std::size_t i = 0; i < got.distances.values.size(); ++i) {
    CHECK(std::abs(got.distances.values[i] - expected.at("cosine").values[i]) <= 1e-6);
  }
  const stx::Matrix<float> zero(1, 4);
  const stx::KnnResult far = stx::knn_search(zero, points, {.k = 2, .metric = stx::KnnMetric::cosine});
  CHECK(far.indices.values == std::vector<std::int32_t>{0, 1});
  CHECK(far.distances.values == std::vector<float>{1, 1});
}

TEST_CASE("results are the same bits for any number of threads") {
  const stx::Matrix<float> points = random_points(500, 13, 3);
  const stx::KnnResult one = stx::knn_graph(points, {.threads = 1});
  const stx::KnnResult three = stx::knn_graph(points, {.threads = 3});
  CHECK(one.indices.values == three.indices.values);
  CHECK(one.distances.values == three.distances.values);
}

TEST_CASE("bad requests are refused") {
  const stx::Matrix<float> points = random_points(5, 2, 1), other = random_points(5, 3, 1);
  CHECK_THROWS_WITH_AS(stx::knn_search(points, points, {.k = 6}),
                       "[knn_search] k must lie in [1, 5], the number of points, got 6", stx::ArgumentError);
  CHECK_THROWS_WITH_AS(stx::knn_search(points, other, {.k = 1}),
                       "[knn_search] queries have 2 columns but points have 3", stx::ArgumentError);
  stx::Matrix<float> bad = points;
  bad(3, 1) = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_WITH_AS(stx::knn_graph(bad, {.k = 2}), "[knn_graph] points hold nan at row 3; clean the matrix first",
                       stx::DataError);
  bad(3, 1) = 3e30f;
  CHECK_THROWS_AS(stx::knn_graph(bad, {.k = 2}), stx::DataError);
}
