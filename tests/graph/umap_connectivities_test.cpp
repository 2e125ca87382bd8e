#include "stx/graph/umap_connectivities.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "support/golden.hpp"

namespace {

void check_same(const stx::CsrMatrix<float>& got, const stx::Matrix<double>& triples) {
  stx::validate(got, "connectivities");
  REQUIRE(got.nnz() == triples.rows);
  std::int64_t e = 0;
  for (std::int64_t i = 0; i < got.rows; ++i) {
    for (std::int64_t j = got.indptr[i]; j < got.indptr[i + 1]; ++j, ++e) {
      REQUIRE(i == triples(e, 0));
      REQUIRE(got.indices[j] == triples(e, 1));
      CHECK(std::abs(got.values[j] - triples(e, 2)) <= 1e-5);
    }
  }
}

}  // namespace

TEST_CASE("connectivities agree with scanpy") {
  const golden::Arrays expected = golden::load("data/neighbours.txt");
  const stx::KnnResult graph = stx::knn_graph(golden::to_float(expected.at("points")), {.k = 10});
  check_same(stx::umap_connectivities(graph), expected.at("connectivities"));
}

TEST_CASE("connectivities of points with copies agree with umap-learn") {
  const golden::Arrays expected = golden::load("data/neighbours.txt");
  const stx::KnnResult graph = stx::knn_graph(golden::to_float(expected.at("copies")), {.k = 6});
  const stx::Matrix<double>& indices = expected.at("copy_indices");
  for (std::size_t i = 0; i < indices.values.size(); ++i) {
    REQUIRE(graph.indices.values[i] == indices.values[i]);
    CHECK(std::abs(graph.distances.values[i] - expected.at("copy_distances").values[i]) <= 1e-6);
  }
  check_same(stx::umap_connectivities(graph), expected.at("copy_connectivities"));
}

TEST_CASE("connectivities are symmetric, without a diagonal, in (0, 1]") {
  const stx::Matrix<float> points = golden::to_float(golden::load("data/neighbours.txt").at("points"));
  const stx::CsrMatrix<float> w = stx::umap_connectivities(stx::knn_graph(points, {.k = 5}));
  stx::Matrix<float> dense(w.rows, w.cols);
  for (std::int64_t i = 0; i < w.rows; ++i) {
    for (std::int64_t j = w.indptr[i]; j < w.indptr[i + 1]; ++j) {
      dense(i, w.indices[j]) = w.values[j];
      CHECK(w.indices[j] != i);
      CHECK(w.values[j] > 0);
      CHECK(w.values[j] <= 1);
    }
  }
  for (std::int64_t i = 0; i < w.rows; ++i) {
    for (std::int64_t j = 0; j < i; ++j) CHECK(dense(i, j) == dense(j, i));
  }
}
