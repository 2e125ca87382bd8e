#include "stx/data/centroids.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <set>

#include "stx/data/csr_select.hpp"

namespace {

// 36 cells x 3 genes; cells of cluster "1" form two clumps in the plane, the others one.
struct Cells {
  stx::Matrix<float> values{36, 3};
  stx::Matrix<float> positions{36, 2};
  std::vector<std::string> labels;
  Cells() {
    for (int i = 0; i < 36; ++i) {
      labels.push_back(i % 3 == 0 ? "1" : i % 3 == 1 ? "10" : "2");
      const bool far = i % 6 == 3;  // every other cell of "1"
      positions(i, 0) = static_cast<float>(i % 3 * 100 + (far ? 10 : 0) + 0.01 * i);
      positions(i, 1) = static_cast<float>(0.02 * i);
      for (int g = 0; g < 3; ++g) values(i, g) = static_cast<float>((i * 7 + g * 5) % 4);
    }
  }
};

}  // namespace

TEST_CASE("centroids are means of rows, in the order of label strings") {
  const Cells cells;
  const stx::Centroids got = stx::cluster_centroids(stx::to_csr(cells.values), cells.labels);
  CHECK(got.names == std::vector<std::string>{"1", "10", "2"});
  CHECK(got.n_cells == std::vector<std::int64_t>{12, 12, 12});
  for (int t = 0; t < 3; ++t) {
    for (int g = 0; g < 3; ++g) {
      double sum = 0;
      for (int i = t; i < 36; i += 3) sum += cells.values(i, g);
      CHECK(std::abs(got.values(t, g) - sum / 12) <= 1e-6);
    }
  }
  for (int i = 0; i < 36; ++i) CHECK(got.token[i] == i % 3);
}

TEST_CASE("the hash tells labels apart and is FNV-1a") {
  CHECK(stx::Fnv1a64().value() == 0xcbf29ce484222325ULL);
  CHECK(stx::Fnv1a64().add(std::string_view("a")).value() == 0xaf63dc4c8601ec8cULL);
  CHECK(stx::Fnv1a64().add(std::string_view("foobar")).value() == 0x85944171f73967e8ULL);
  CHECK(stx::Fnv1a64().add(std::int32_t{0x01020304}).value() ==
        stx::Fnv1a64().add(std::string_view("\x04\x03\x02\x01")).value());
  CHECK(stx::hash_labels({"1", "23"}) != stx::hash_labels({"12", "3"}));
  const Cells cells;
  CHECK(stx::cluster_centroids(stx::to_csr(cells.values), cells.labels).label_hash == stx::hash_labels(cells.labels));
}

TEST_CASE("clusters are cut into several tokens where there are cells enough") {
  const Cells cells;
  const stx::CsrMatrix<float> values = stx::to_csr(cells.values);
  const stx::Centroids got =
      stx::cluster_centroids(values, cells.labels, {.max_tokens = 2, .min_cells_per_token = 6}, &cells.positions);
  CHECK(got.names == std::vector<std::string>{"1.0", "1.1", "10.0", "10.1", "2.0", "2.1"});
  std::set<int> near_tokens, far_tokens;  // the two clumps of "1" are told apart
  for (int i = 0; i < 36; i += 3) (i % 6 == 3 ? far_tokens : near_tokens).insert(got.token[i]);
  CHECK(near_tokens.size() == 1);
  CHECK(far_tokens.size() == 1);
  CHECK(near_tokens != far_tokens);
  const stx::Centroids few =
      stx::cluster_centroids(values, cells.labels, {.max_tokens = 5, .min_cells_per_token = 10}, &cells.positions);
  CHECK(few.names == std::vector<std::string>{"1", "10", "2"});
  // Tokens of a cluster, weighted by their cells, give its plain mean.
  const stx::Centroids plain = stx::cluster_centroids(values, cells.labels);
  for (int g = 0; g < 3; ++g) {
    const double mean = (static_cast<double>(got.n_cells[2]) * got.values(2, g) +
                         static_cast<double>(got.n_cells[3]) * got.values(3, g)) /
                        12;
    CHECK(std::abs(mean - plain.values(1, g)) <= 1e-6);
  }
}

TEST_CASE("k-means separates clumps, survives equal rows, and repeats itself") {
  stx::Matrix<float> points(60, 2);
  for (int i = 0; i < 60; ++i) {
    points(i, 0) = static_cast<float>(i % 3 * 50 + 0.1 * (i % 7));
    points(i, 1) = static_cast<float>(i % 3 * -20);
  }
  const auto group = stx::kmeans(points, 3, 5);
  for (int i = 3; i < 60; ++i) CHECK(group[i] == group[i % 3]);
  CHECK(std::set<int>(group.begin(), group.end()).size() == 3);
  CHECK(group == stx::kmeans(points, 3, 5));
  const auto same = stx::kmeans(stx::Matrix<float>(5, 2, 1.0f), 4);
  CHECK(std::set<int>(same.begin(), same.end()).size() == 1);
  CHECK_THROWS_WITH_AS(stx::kmeans(points, 61), "[kmeans] k must lie in [1, 60], the number of rows, got 61",
                       stx::ArgumentError);
}

TEST_CASE("labels and positions must fit") {
  const Cells cells;
  const stx::CsrMatrix<float> values = stx::to_csr(cells.values);
  CHECK_THROWS_WITH_AS(stx::cluster_centroids(values, {"1", "2"}),
                       "[cluster_centroids] expected one label for each of 36 cells (at least one), got 2",
                       stx::ArgumentError);
  CHECK_THROWS_WITH_AS(stx::cluster_centroids(values, cells.labels, {.max_tokens = 2}),
                       "[cluster_centroids] max_tokens = 2 needs positions of all 36 cells", stx::ArgumentError);
}
