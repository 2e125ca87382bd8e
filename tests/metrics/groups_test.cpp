// Purity of neighbours and silhouettes.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "stx/graph/knn.hpp"
#include "stx/metrics/knn_purity.hpp"
#include "stx/metrics/silhouette.hpp"
#include "support/golden.hpp"
#include "support/random.hpp"

namespace {

using Labels = std::vector<std::int32_t>;

Labels labels(const stx::Matrix<double>& m) { return Labels(m.values.begin(), m.values.end()); }

stx::Matrix<float> noise(std::int64_t rows, std::int64_t cols, std::uint64_t seed) {
  stx::Matrix<float> m(rows, cols);
  const auto values = stx::test::random_values(rows * cols, seed);
  std::copy(values.begin(), values.end(), m.values.begin());
  return m;
}

stx::Matrix<std::int32_t> lists(std::int64_t rows, const Labels& ids) {
  stx::Matrix<std::int32_t> m(rows, static_cast<std::int64_t>(ids.size()) / rows);
  m.values = ids;
  return m;
}

}  // namespace

TEST_CASE("purity: shares, unknown labels, absent neighbours, types that no point has") {
  const auto neighbours = lists(5, {0, 1, 2,    //
                                    0, 3, 1,    //
                                    2, -1, -1,  //
                                    1, 0, 2,    //
                                    -1, -1, -1});
  const Labels query{7, 7, 2, 5, 7}, point{7, 7, 2, -1};
  const stx::KnnPurity p = stx::knn_purity(neighbours, query, point, 3);
  CHECK(p.per_query[0] == doctest::Approx(2.0 / 3));
  CHECK(p.per_query[1] == doctest::Approx(2.0 / 3));  // the unknown neighbour is another
  CHECK(p.per_query[2] == 1);                         // one neighbour only
  CHECK(p.per_query[3] == 0);                         // a type that no point has
  CHECK(std::isnan(p.per_query[4]));
  CHECK(p.count == 4);
  CHECK(p.mean == doctest::Approx(7.0 / 12));
  CHECK(p.count_shared == 3);
  CHECK(p.mean_shared == doctest::Approx(7.0 / 9));
  const stx::KnnPurity first = stx::knn_purity(neighbours, Labels{-1, 7, 2, 5, 7}, point, 1);
  CHECK(std::isnan(first.per_query[0]));
  CHECK(first.per_query[1] == 1);
  CHECK(first.count == 3);
  CHECK(std::isnan(stx::knn_purity(lists(1, {0}), Labels{-1}, point, 1).mean));
}

TEST_CASE("purity: separated groups have 1, and of random labels the share of each label") {
  const std::int64_t n = 600;
  auto points = noise(n, 3, 1);
  Labels groups, random;
  for (std::int64_t i = 0; i < n; ++i) {
    groups.push_back(static_cast<std::int32_t>(i % 3));
    random.push_back(static_cast<std::int32_t>(i * 7919 % 1000 < 500));
    points(i, 0) += 100.0f * static_cast<float>(i % 3);
  }
  const stx::KnnResult knn = stx::knn_graph(points, {.k = 11, .threads = 1});
  stx::Matrix<std::int32_t> others(n, 10);  // without the point itself
  for (std::int64_t i = 0; i < n; ++i) std::copy_n(knn.indices.row(i).begin() + 1, 10, others.row(i).begin());
  CHECK(stx::knn_purity(others, groups, groups, 10).mean == 1);
  CHECK(std::abs(stx::knn_purity(others, random, random, 10).mean - 0.5) < 0.05);
}

TEST_CASE("purity: wrong calls") {
  const Labels point{0, 1};
  CHECK_THROWS_WITH_AS(stx::knn_purity(lists(1, {0, 1}), Labels{0, 1}, point, 1),
                       "[knn_purity] there must be a label for each of the 1 queries, got 2", stx::ArgumentError);
  CHECK_THROWS_WITH_AS(stx::knn_purity(lists(1, {0, 1}), Labels{0}, point, 3),
                       "[knn_purity] k must lie in [1, 2], the length of the lists, got 3", stx::ArgumentError);
  CHECK_THROWS_AS(stx::knn_purity(lists(1, {0, 1}), Labels{0}, point, 0), stx::ArgumentError);
  CHECK_THROWS_WITH_AS(stx::knn_purity(lists(1, {0, 2}), Labels{0}, point, 2),
                       "[knn_purity] neighbour 1 of query 0 is point 2, but there are 2 points", stx::DataError);
}

TEST_CASE("silhouettes agree with scikit-learn") {
  const auto golden = golden::load("metrics/groups.txt");
  const auto points = golden::to_float(golden.at("points"));
  const Labels types = labels(golden.at("types")), modality = labels(golden.at("modality"));
  const auto& want = golden.at("silhouettes").values;
  const std::vector<double> got = stx::silhouettes(points, types, 2);
  REQUIRE(got.size() == want.size());
  for (std::size_t i = 0; i < got.size(); ++i) CHECK(std::abs(got[i] - want[i]) <= 1e-12);

  const auto& basw = golden.at("basw").values;  // -1: not scored; the last is the mean
  const stx::BatchSilhouette batch = stx::batch_silhouette(points, modality, types, 2);
  REQUIRE(batch.per_type.size() + 1 == basw.size());
  for (std::size_t t = 0; t < batch.per_type.size(); ++t) {
    if (basw[t] < 0) {
      CHECK(std::isnan(batch.per_type[t]));
    } else {
      CHECK(std::abs(batch.per_type[t] - basw[t]) <= 1e-12);
    }
  }
  CHECK(std::abs(batch.mean - basw.back()) <= 1e-12);
}

TEST_CASE("silhouettes: separated, alone, copies, without group, one group") {
  stx::Matrix<float> points(6, 1);
  points.values = {0, 0, 10, 10, 50, 3};
  const auto s = stx::silhouettes(points, Labels{0, 0, 1, 1, 4, -1}, 1);
  CHECK(s[0] == 1);
  CHECK(s[3] == 1);
  CHECK(s[4] == 0);  // alone
  CHECK(std::isnan(s[5]));
  points.values = {2, 2, 2, 2, 2, 2};
  CHECK(stx::silhouettes(points, Labels{0, 0, 0, 1, 1, 1}, 1)[2] == 0);
  CHECK(std::isnan(stx::silhouettes(points, Labels{1, 1, 1, 1, 1, 1}, 1)[0]));
}

TEST_CASE("bASW: mixed is near 1, separated near 0, unknown types do not count; threads") {
  const std::int64_t n = 700;  // several tiles a group
  auto points = noise(n, 5, 2);
  Labels types, modality;
  for (std::int64_t i = 0; i < n; ++i) {
    types.push_back(static_cast<std::int32_t>(i % 5 == 0 ? -1 : 0));
    modality.push_back(static_cast<std::int32_t>(i / 5 % 2));
  }
  const double mixed = stx::batch_silhouette(points, modality, types, 1).mean;
  CHECK(mixed > 0.95);
  for (const int threads : {2, 3, 5}) CHECK(stx::batch_silhouette(points, modality, types, threads).mean == mixed);
  auto apart = points;
  for (std::int64_t i = 0; i < n; ++i)
    if (modality[i] == 1) apart(i, 0) += 1000;
  CHECK(stx::batch_silhouette(apart, modality, types, 2).mean < 0.01);
  for (std::int64_t i = 0; i < n; i += 5) points(i, 2) = 1e6f;  // those of unknown type
  CHECK(stx::batch_silhouette(points, modality, types, 2).mean == mixed);

  CHECK(std::isnan(stx::batch_silhouette(points, modality, Labels(n, -1), 1).mean));
  modality[3] = -2;
  CHECK_THROWS_WITH_AS(stx::batch_silhouette(points, modality, types, 1),
                       "[batch_silhouette] the modality of point 3 is -2; it must not be negative", stx::DataError);
  CHECK_THROWS_AS(stx::batch_silhouette(points, Labels(3, 0), types, 1), stx::ArgumentError);
  points(9, 1) = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_WITH_AS(stx::silhouettes(points, types, 1),
                       "[silhouettes] point 9 holds nan; coordinates must be finite", stx::DataError);
}
