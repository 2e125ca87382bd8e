// Building a cell grid over points in 2 or 3 dimensions, on the host.
#pragma once

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "stx/data/matrix.hpp"
#include "stx/math/cell_grid.hpp"

namespace stx {

/// A grid and the memory it refers to.
template <class T>
struct CellGrid {
  std::vector<T> points;
  std::vector<std::int32_t> order;
  std::vector<std::int32_t> cell_begin;
  CellGridView<T> view;  ///< without pointers
};

/// Sorts points (n x 2 or 3, finite) into cells of about `occupancy` points each, by counting.
template <class T>
CellGrid<T> build_cell_grid(const Matrix<T>& points, double occupancy) {
  CellGrid<T> grid;
  CellGridView<T>& view = grid.view;
  view.n = points.rows;
  view.dims = static_cast<int>(points.cols);
  double extent[3] = {}, longest = 0;
  for (int d = 0; d < view.dims && view.n > 0; ++d) {
    T low = points(0, d), high = low;
    for (std::int64_t i = 1; i < view.n; ++i) {
      low = std::min(low, points(i, d));
      high = std::max(high, points(i, d));
    }
    view.lower[d] = low;
    extent[d] = static_cast<double>(high) - static_cast<double>(low);
    longest = std::max(longest, extent[d]);
  }
  // Halve the cells, in steps, until they would be too many: points on a line or in clumps count too.
  const auto cells_with = [&](double edge) {
    double cells = 1;
    for (int d = 0; d < view.dims; ++d) cells *= std::floor(extent[d] / edge) + 1;
    return cells;
  };
  double edge = longest;
  const double wanted = static_cast<double>(view.n) / occupancy;
  while (edge > 0 && longest / (edge * 0.84) < math::most_cells - 1 && cells_with(edge * 0.84) <= wanted)
    edge *= 0.84;
  view.edge = static_cast<T>(edge);
  if (!(view.edge > T(0))) view.edge = T(1);  // all points in one place
  std::int64_t cells = 1;
  for (int d = 0; d < view.dims; ++d) {
    view.counts[d] = static_cast<std::int32_t>(
        std::min<double>(math::most_cells, std::floor(extent[d] / static_cast<double>(view.edge)) + 1));
    cells *= view.counts[d];
  }
  std::vector<std::int64_t> cell(static_cast<std::size_t>(view.n));
  grid.cell_begin.assign(static_cast<std::size_t>(cells) + 1, 0);
  for (std::int64_t i = 0; i < view.n; ++i) {
    for (int d = view.dims - 1; d >= 0; --d) cell[i] = cell[i] * view.counts[d] + math::cell_of(view, points(i, d), d);
    ++grid.cell_begin[cell[i] + 1];
  }
  std::partial_sum(grid.cell_begin.begin(), grid.cell_begin.end(), grid.cell_begin.begin());
  std::vector<std::int32_t> place(grid.cell_begin.begin(), grid.cell_begin.end() - 1);
  grid.order.resize(static_cast<std::size_t>(view.n));
  for (std::int64_t i = 0; i < view.n; ++i) grid.order[place[cell[i]]++] = static_cast<std::int32_t>(i);
  for (const std::int32_t i : grid.order)
    grid.points.insert(grid.points.end(), points.row(i).begin(), points.row(i).end());
  return grid;
}

}  // namespace stx
