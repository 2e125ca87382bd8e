#include "stx/ops/grid_knn.hpp"

#include "stx/autograd/backward.hpp"
#include "stx/backend/cpu/transfer.hpp"
#include "support/guarded.hpp"
#include "support/point_clouds.hpp"

using namespace stx::test;
using stx::Context;
using stx::Cpu;
using stx::Matrix;

namespace {

/// Cell of a point by the definition, in long double; -1 where rounding could decide.
template <class T>
std::int64_t naive_cell(const stx::CellGridView<T>& grid, const Matrix<T>& points, std::int64_t i) {
  std::int64_t number = 0;
  for (int d = grid.dims - 1; d >= 0; --d) {
    const long double place = (static_cast<long double>(points(i, d)) - grid.lower[d]) / grid.edge;
    const long double cell = std::floor(place);
    if (std::abs(place - std::round(place)) < 0.01L && place != 0) return -1;
    number = number * grid.counts[d] + std::min<std::int64_t>(static_cast<std::int64_t>(cell), grid.counts[d] - 1);
  }
  return number;
}

template <class T>
void check_grid(const Matrix<T>& points, double occupancy) {
  Context<Cpu> ctx({.threads = 2});
  const auto grid = stx::sort_into_cells(ctx, points, occupancy);
  const std::int64_t n = points.rows, cells = grid.cells();
  CHECK(static_cast<double>(cells) <= static_cast<double>(n) / occupancy + 1);
  CHECK(grid.cell_begin[0] == 0);
  CHECK(grid.cell_begin[cells] == n);
  std::vector<int> seen(static_cast<std::size_t>(n), 0);
  int decided = 0;
  for (std::int64_t c = 0; c < cells; ++c)
    for (std::int32_t i = grid.cell_begin[c]; i < grid.cell_begin[c + 1]; ++i) {
      const std::int32_t point = grid.order[i];
      ++seen[point];
      if (i > grid.cell_begin[c]) CHECK(grid.order[i - 1] < point);
      for (std::int64_t d = 0; d < points.cols; ++d) CHECK(grid.points[i * points.cols + d] == points(point, d));
      const std::int64_t want = naive_cell(grid, points, point);
      if (want < 0) continue;
      ++decided;
      CHECK(want == c);
    }
  CHECK(seen == std::vector<int>(static_cast<std::size_t>(n), 1));
  CHECK(2 * decided >= n);
}

}  // namespace

TEST_CASE("cell_sort: every point once, in its cell, in the order of the index") {
  for (std::int64_t dims : {2, 3})
    for (int kind : {0, 2, 4})
      for (std::int64_t n : {1, 31, 33, 500, 1023, 4097}) {
        CAPTURE(dims);
        CAPTURE(kind);
        CAPTURE(n);
        check_grid(point_cloud(kind, n, dims), 3.0);
      }
}

TEST_CASE("cell_sort: in double, points that float does not tell apart") {
  for (std::int64_t dims : {2, 3}) check_grid(fine_points(700, dims), 3.0);
}

TEST_CASE("cell_sort: the same for every number of threads and a second run; no points; between sentinels") {
  const Matrix<float> points = point_cloud(0, 9000, 2);
  const auto shape = stx::cell_grid_shape(points, 2.0);
  const auto sort = [&](int threads) {
    Context<Cpu> ctx({.threads = threads});
    begin_step(ctx);
    Guarded<float> from(points.values), sorted(9000 * 2);
    Guarded<std::int32_t> order(9000), begin(shape.cells() + 1);
    stx::cell_sort(ctx, stx::CellSort<float>{.grid = shape,
                                             .points = from.data(),
                                             .sorted = sorted.data(),
                                             .order = order.data(),
                                             .cell_begin = begin.data()});
    CHECK((from.intact() && sorted.intact() && order.intact() && begin.intact()));
    return std::tuple(sorted.content(), order.content(), begin.content());
  };
  const auto one = sort(1);
  for (int threads : {1, 2, 3, 5}) CHECK(sort(threads) == one);
  Context<Cpu> ctx;
  const auto empty = stx::sort_into_cells(ctx, Matrix<float>(0, 3), 2.0);
  CHECK(empty.cells() == 1);
  CHECK(empty.cell_begin[0] == 0);
  CHECK(empty.cell_begin[1] == 0);
}
