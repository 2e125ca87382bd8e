// Nearest neighbours of points in space, by a cell grid.
#pragma once

#include "stx/backend/cell_sort.hpp"
#include "stx/backend/grid_knn.hpp"
#include "stx/core/transfer.hpp"
#include "stx/graph/cell_grid.hpp"

namespace stx {

struct GridKnnOptions {
  int k = 15;            ///< neighbours per point, 1 to 1024, the point itself not counted
  double occupancy = 0;  ///< points per cell aimed at; 0: about what makes one ring suffice. Speed only.
};

template <class T, class D>
struct SpatialNeighbours {
  Tensor<std::int32_t, D> ids;  ///< (n, k)
  Tensor<T, D> distances;       ///< (n, k)
};

/// Sorts points into the cells of a grid on the device; the host chooses its shape.
///
/// @param points     (n, 2) or (n, 3) coordinates on the host, finite
/// @param occupancy  points per cell aimed at, above 0
/// @return           the grid and its points in persistent memory, those of a cell by ascending index
/// Numerics: cells are found in T. Deterministic: yes. Capturable: no (the points come from the host).
/// Source: as grid_knn.
template <class T, class D>
CellGridView<T> sort_into_cells(Context<D>& ctx, const Matrix<T>& points, double occupancy) {
  CellGridView<T> grid = cell_grid_shape(points, occupancy);
  const auto sorted = ctx.template make_persistent<T>(Shape{points.rows, points.cols});
  const auto order = ctx.template make_persistent<std::int32_t>(Shape{points.rows});
  const auto cell_begin = ctx.template make_persistent<std::int32_t>(Shape{grid.cells() + 1});
  cell_sort(ctx, CellSort<T>{.grid = grid,
                             .points = to_device(ctx, points.values, Shape{points.rows, points.cols}).data,
                             .sorted = sorted.data,
                             .order = order.data,
                             .cell_begin = cell_begin.data});
  grid.points = sorted.data;
  grid.order = order.data;
  grid.cell_begin = cell_begin.data;
  return grid;
}

/// The k nearest other points of every point, exactly. The grid is filled and searched on the device, about k
/// cells' worth of work a point; the host chooses its shape.
///
/// @param points  (n, 2) or (n, 3) coordinates on the host, finite
/// @return        ids and Euclidean distances, nearest first, ties by lower index, in persistent memory;
///                graph_of_neighbours() makes a graph of them. A point alone has ids -1 and distances NaN
/// @throws ArgumentError for other dimensions or k outside of [1, min(1024, n - 1)] (n < 2: of [1, 1024]);
/// DataError for coordinates that are not finite.
/// Numerics: squared distances from differences; copies of a point are at distance 0. Slow where very
/// many points share one place, for they share a cell. Deterministic: yes. Capturable: no (the points come
/// from the host).
/// Source: Bentley, Stanat and Williams 1977, the cell technique.
template <class T, class D>
SpatialNeighbours<T, D> grid_knn(Context<D>& ctx, const Matrix<T>& points, const GridKnnOptions& options = {}) {
  require(points.cols == 2 || points.cols == 3, "grid_knn", "points must have 2 or 3 coordinates, got ", points.cols);
  require(points.rows < math::no_point, "grid_knn", "at most 2^31 - 2 points fit, got ", points.rows);
  const std::int64_t available = points.rows < 2 ? 1024 : std::min<std::int64_t>(1024, points.rows - 1);
  require(options.k >= 1 && options.k <= available, "grid_knn", "k must lie in [1, ", available, "] for ", points.rows,
          " points, got ", options.k);
  for (std::size_t i = 0; i < points.values.size(); ++i)
    require<DataError>(std::isfinite(points.values[i]), "grid_knn", "point ",
                       static_cast<std::int64_t>(i) / points.cols, " has the coordinate ", points.values[i]);
  const double one_ring = points.cols == 2 ? options.k / 4.0 : options.k / 8.0;
  const CellGridView<T> view =
      sort_into_cells(ctx, points, options.occupancy > 0 ? options.occupancy : std::max(2.0, one_ring));
  const SpatialNeighbours<T, D> result{ctx.template make_persistent<std::int32_t>(Shape{points.rows, options.k}),
                                       ctx.template make_persistent<T>(Shape{points.rows, options.k})};
  grid_knn(ctx, GridKnn<T>{view, result.ids.data, result.distances.data, options.k});
  return result;
}

}  // namespace stx
