#include <cmath>

#include "stx/ops/grid_knn.hpp"

#include "stx/backend/cpu/transfer.hpp"
#include "support/compare.hpp"
#include "support/golden.hpp"
#include "support/guarded.hpp"
#include "support/naive_graph.hpp"
#include "support/point_clouds.hpp"
#include "support/random.hpp"

using namespace stx::test;
using stx::Context;
using stx::Cpu;
using stx::GridKnnOptions;
using stx::Matrix;

namespace {

template <class T>
struct Found {
  std::vector<std::int32_t> ids;
  std::vector<T> distances;
};

template <class T>
Found<T> search(const Matrix<T>& points, const GridKnnOptions& options, int threads = 2) {
  Context<Cpu> ctx({.threads = threads});
  const auto r = stx::grid_knn(ctx, points, options);
  return {to_host(ctx, r.ids), to_host(ctx, r.distances)};
}

double distance(const Matrix<float>& points, std::int64_t i, std::int64_t j) {
  double sum = 0;
  for (std::int64_t d = 0; d < points.cols; ++d) {
    const double difference = static_cast<double>(points(i, d)) - points(j, d);
    sum += difference * difference;
  }
  return std::sqrt(sum);
}

/// Compilers may fuse or not: a difference, its square and up to two additions are each rounded, so a
/// squared distance is right to 5 half units; its root, rounded once more, to 3.5 of them.
bool close(double a, double b) { return std::abs(a - b) <= 7 * 0x1p-24 * b; }

}  // namespace

TEST_CASE(
    "grid_knn: the neighbours of a brute-force search, ties by lower index, for every kind of "
    "cloud") {
  for (std::int64_t dims : {2, 3})
    for (int kind : {0, 1, 2, 3, 4})
      for (std::int64_t n : {2, 31, 33, 300, 1023, 4097}) {
        CAPTURE(dims);
        CAPTURE(kind);
        CAPTURE(n);
        const Matrix<float> points = point_cloud(kind, n, dims);
        const int k = static_cast<int>(std::min<std::int64_t>(n - 1, 20));
        const std::vector<double> values(points.values.begin(), points.values.end());
        const std::int32_t every = n > 2000 ? 41 : 1;  // of the points is looked at
        std::vector<naive::Ranked> want;
        for (std::int32_t i = 0; i < n; i += every) {
          want.push_back(naive::rank_points(values.data() + i * dims, values, dims, false));
          std::erase(want.back().order, i);
        }
        const bool exact = kind == 1 || kind == 3 || kind == 4;  // no sum is rounded: true ties
        for (double occupancy : {0.0, 0.3, 40.0}) {
          const auto got = search(points, {k, occupancy});
          bool same = true;
          for (std::int64_t i = 0; i < n; i += every)
            for (int j = 0; j < k; ++j) {
              const std::int32_t id = got.ids[i * k + j];
              const naive::Ranked& ranked = want[i / every];
              const double wanted = ranked.key[ranked.order[j]];
              same = same && close(got.distances[i * k + j], wanted) &&
                     (id == ranked.order[j] || (!exact && close(distance(points, i, id), wanted)));
            }
          CHECK(same);
        }
      }
}

TEST_CASE("grid_knn: against plain loops, copies of a point, k of all") {
  const Matrix<float> points = point_cloud(4, 40, 3);
  const std::vector<double> values(points.values.begin(), points.values.end());
  const auto got = search(points, {.k = 39});
  for (std::int32_t i = 0; i < 40; ++i) {
    auto want = naive::rank_points(values.data() + i * 3, values, 3, false);
    std::erase(want.order, i);
    for (int j = 0; j < 39; ++j) {
      CHECK(got.ids[i * 39 + j] == want.order[j]);
      CHECK(got.distances[i * 39 + j] == doctest::Approx(want.key[want.order[j]]).epsilon(1e-6));
    }
  }
}

TEST_CASE("grid_knn: in double, of points that float does not tell apart") {
  for (std::int64_t dims : {2, 3}) {
    const Matrix<double> points = fine_points(500, dims);
    const auto got = search(points, {.k = 20});
    const auto coarse = search(golden::to_float(points), {.k = 20});
    for (std::int32_t i = 0; i < 500; ++i) {
      auto want = naive::rank_points(points.values.data() + i * dims, points.values, dims, false);
      std::erase(want.order, i);
      for (int j = 0; j < 20; ++j) {
        CHECK(got.ids[i * 20 + j] == want.order[j]);
        const double wanted = want.key[want.order[j]];
        CHECK(std::abs(got.distances[i * 20 + j] - wanted) <= 7 * 0x1p-53 * wanted);
      }
    }
    CHECK(coarse.ids != got.ids);
    CHECK(same_bits(search(points, {.k = 20}, 5).distances, got.distances));
  }
}

TEST_CASE("grid_knn: golden values of scikit-learn in 2 and 3 dimensions") {
  const auto g = golden::load("ops/grid_knn.txt");
  for (const char* dims : {"2", "3"}) {
    const std::string suffix = dims;
    const auto got = search(golden::to_float(g.at("points_" + suffix)), {.k = 8});
    CHECK(max_error(got.ids, g.at("ids_" + suffix).values) == 0);
    CHECK(max_error(got.distances, g.at("distances_" + suffix).values) < 1e-6);
  }
}

TEST_CASE("grid_knn: the same bits for every number of threads; no points") {
  const Matrix<float> points = point_cloud(0, 3000, 2);
  const auto one = search(points, {}, 1);
  for (int threads : {2, 3, 5}) {
    const auto other = search(points, {}, threads);
    CHECK(same_bits(other.ids, one.ids));
    CHECK(same_bits(other.distances, one.distances));
  }
  CHECK(search(Matrix<float>(0, 2), {}).ids.empty());
}

TEST_CASE("grid_knn: doubling all coordinates doubles the distances and keeps the neighbours, bit for bit" *
          doctest::test_suite("properties")) {
  Matrix<float> points = point_cloud(0, 1000, 2);
  const auto plain = search(points, {.k = 9});
  for (std::int64_t i = 0; i < 1000; ++i)
    for (std::int64_t d = 0; d < 2; ++d) points(i, d) *= 2;
  auto doubled = search(points, {.k = 9});
  for (float& d : doubled.distances) d /= 2;
  CHECK(same_bits(doubled.ids, plain.ids));
  CHECK(same_bits(doubled.distances, plain.distances));
}

TEST_CASE("grid_knn: the backend stays inside its buffers") {
  Context<Cpu> ctx({.threads = 2});
  stx::CellGridView<float> view = stx::sort_into_cells(ctx, point_cloud(2, 257, 2), 2.0);
  Guarded<float> points(std::vector<float>(view.points, view.points + 257 * 2)), distances(257 * 5);
  Guarded<std::int32_t> order(std::vector<std::int32_t>(view.order, view.order + 257)),
      begin(std::vector<std::int32_t>(view.cell_begin, view.cell_begin + view.cells() + 1)), ids(257 * 5);
  view.points = points.data();
  view.order = order.data();
  view.cell_begin = begin.data();
  stx::grid_knn(ctx, stx::GridKnn<float>{view, ids.data(), distances.data(), 5});
  CHECK((points.intact() && distances.intact() && order.intact() && begin.intact() && ids.intact()));
}

TEST_CASE("grid_knn: wrong calls are errors") {
  CHECK_THROWS_WITH_AS(search(Matrix<float>(5, 4), {}), "[grid_knn] points must have 2 or 3 coordinates, got 4",
                       stx::ArgumentError);
  CHECK_THROWS_WITH_AS(search(point_cloud(0, 5, 2), {.k = 5}), "[grid_knn] k must lie in [1, 4] for 5 points, got 5",
                       stx::ArgumentError);
  CHECK_THROWS_WITH_AS(search(point_cloud(0, 5, 2), {.k = 0}), "[grid_knn] k must lie in [1, 4] for 5 points, got 0",
                       stx::ArgumentError);
  Matrix<float> points = point_cloud(0, 5, 2);
  points(3, 1) = INFINITY;
  CHECK_THROWS_WITH_AS(search(points, {.k = 2}), "[grid_knn] point 3 has the coordinate inf", stx::DataError);
}
