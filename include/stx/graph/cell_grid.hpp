// The shape of a cell grid for points in 2 or 3 dimensions.
#pragma once

#include <algorithm>
#include <cmath>

#include "stx/data/matrix.hpp"
#include "stx/math/cell_grid.hpp"

namespace stx {

/// A grid around points (n x 2 or 3, finite) with cells of about `occupancy` points each, still without points
/// (backend/cell_sort.hpp sorts them in).
template <class T>
CellGridView<T> cell_grid_shape(const Matrix<T>& points, double occupancy) {
  CellGridView<T> grid;
  grid.n = points.rows;
  grid.dims = static_cast<int>(points.cols);
  double extent[3] = {}, longest = 0;
  for (int d = 0; d < grid.dims && grid.n > 0; ++d) {
    T low = points(0, d), high = low;
    for (std::int64_t i = 1; i < grid.n; ++i) {
      low = std::min(low, points(i, d));
      high = std::max(high, points(i, d));
    }
    grid.lower[d] = low;
    extent[d] = static_cast<double>(high) - static_cast<double>(low);
    longest = std::max(longest, extent[d]);
  }
  // Halve the cells, in steps, until they would be too many: points on a line or in clumps count too.
  const auto cells_with = [&](double edge) {
    double cells = 1;
    for (int d = 0; d < grid.dims; ++d) cells *= std::floor(extent[d] / edge) + 1;
    return cells;
  };
  double edge = longest;
  const double wanted = static_cast<double>(grid.n) / occupancy;
  while (edge > 0 && longest / (edge * 0.84) < math::most_cells - 1 && cells_with(edge * 0.84) <= wanted) edge *= 0.84;
  grid.edge = static_cast<T>(edge);
  if (!(grid.edge > T(0))) grid.edge = T(1);  // all points in one place
  for (int d = 0; d < grid.dims; ++d)
    grid.counts[d] = static_cast<std::int32_t>(
        std::min<double>(math::most_cells, std::floor(extent[d] / static_cast<double>(grid.edge)) + 1));
  return grid;
}

}  // namespace stx
