#include "stx/graph/leiden.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "stx/data/csr_select.hpp"
#include "stx/math/philox.hpp"

namespace {

// Groups of the given sizes: edges with probability 0.5 within and 0.05 between, weights in (0, 1).
stx::CsrMatrix<float> planted(const std::vector<int>& group) {
  const auto n = static_cast<std::int64_t>(group.size());
  stx::PhiloxStream random(4, stx::RandomPurpose::simulate);
  stx::Matrix<float> w(n, n);
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = 0; j < i; ++j) {
      if (random.uniform() < (group[i] == group[j] ? 0.5 : 0.05)) {
        w(i, j) = w(j, i) = static_cast<float>(random.uniform());
      }
    }
  }
  return stx::to_csr(w);
}

// Modularity straight from its definition.
double modularity(const stx::Matrix<float>& w, const std::vector<std::int32_t>& labels) {
  std::vector<double> strength(labels.size(), 0);
  double total = 0, sum = 0;
  for (std::int64_t i = 0; i < w.rows; ++i) {
    for (std::int64_t j = 0; j < w.rows; ++j) {
      strength[i] += w(i, j);
      total += w(i, j);
    }
  }
  for (std::int64_t i = 0; i < w.rows; ++i) {
    for (std::int64_t j = 0; j < w.rows; ++j) {
      if (labels[i] == labels[j]) sum += w(i, j) - strength[i] * strength[j] / total;
    }
  }
  return sum / total;
}

}  // namespace

TEST_CASE("a planted partition is recovered; labels go by descending size") {
  std::vector<int> group;  // 40 of group 2, 60 of group 1, 100 of group 0, interleaved
  for (int i = 0; i < 200; ++i) group.push_back(i % 5 == 0 ? 2 : i % 10 < 4 ? 1 : 0);
  const stx::CsrMatrix<float> graph = planted(group);
  const stx::LeidenResult got = stx::leiden(graph);
  CHECK(got.n_clusters == 3);
  int wrong = 0;
  for (std::size_t i = 0; i < group.size(); ++i) wrong += got.labels[i] != group[i];
  CHECK(wrong == 0);
  CHECK(std::abs(got.modularity - modularity(stx::to_dense(graph), got.labels)) <= 1e-9);
}

TEST_CASE("the same seed gives the same labels; the resolution is felt") {
  stx::PhiloxStream random(8, stx::RandomPurpose::simulate);
  stx::Matrix<float> w(300, 300);
  for (int e = 0; e < 2000; ++e) {
    const auto i = random.below(300), j = random.below(300);
    if (i != j) w(i, j) = w(j, i) = 1;
  }
  const stx::CsrMatrix<float> graph = stx::to_csr(w);
  const stx::LeidenResult first = stx::leiden(graph);
  CHECK(first.labels == stx::leiden(graph).labels);
  CHECK(first.labels != stx::leiden(graph, {.seed = 1}).labels);
  CHECK(stx::leiden(graph, {.resolution = 4}).n_clusters > first.n_clusters);
}

TEST_CASE("igraph's generator and handlers are left as they were") {
  igraph_rng_seed(igraph_rng_default(), 5);
  const igraph_integer_t expected = igraph_rng_get_integer(igraph_rng_default(), 0, 1 << 30);
  igraph_rng_seed(igraph_rng_default(), 5);
  stx::leiden(planted({0, 0, 0, 0, 1, 1, 1, 1}));
  CHECK(igraph_rng_get_integer(igraph_rng_default(), 0, 1 << 30) == expected);
  igraph_error_handler_t* before = igraph_set_error_handler(igraph_error_handler_printignore);
  stx::leiden(planted({0, 0, 0, 0, 1, 1, 1, 1}));
  const bool kept = igraph_set_error_handler(before) == &igraph_error_handler_printignore;
  CHECK(kept);
}

TEST_CASE("graphs without edges, and what igraph refuses") {
  stx::CsrMatrix<float> lonely = stx::to_csr(stx::Matrix<float>(3, 3));
  CHECK(stx::leiden(lonely).labels == std::vector<std::int32_t>{0, 1, 2});
  CHECK(stx::leiden(stx::CsrMatrix<float>{}).n_clusters == 0);
  CHECK_THROWS_WITH_AS(stx::leiden(stx::to_csr(stx::Matrix<float>(2, 3, 1.0f))),
                       "[leiden] expected a square matrix of connectivities, got 2 x 3", stx::ArgumentError);
  CHECK_THROWS_WITH_AS(stx::leiden(stx::to_csr(stx::Matrix<float>(2, 2, -1.0f))),
                       "[leiden] edge weights must be at least 0, got -1 between nodes 0 and 0", stx::ArgumentError);
  CHECK_THROWS_AS(stx::leiden(lonely, {.resolution = 0}), stx::ArgumentError);
  CHECK_THROWS_WITH_AS(stx::detail::check_igraph(IGRAPH_EINVAL, "leiden"),
                       "[leiden] igraph failed: Invalid value (code 4)", stx::Error);
}
