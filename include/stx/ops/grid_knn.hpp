// Nearest neighbours of points in space, by a cell grid.
#pragma once

#include "stx/backend/grid_knn.hpp"
#include "stx/core/transfer.hpp"
#include "stx/graph/cell_grid.hpp"

namespace stx {

struct GridKnnOptions {
  int k = 15;            ///< neighbours per point, 1 to 1024, the point itself not counted
  double occupancy = 0;  ///< points per cell aimed at; 0: about what makes one ring suffice. Speed only.
};

template <class D>
struct SpatialNeighbours {
  Tensor<std::int32_t, D> ids;  ///< (n, k)
  Tensor<float, D> distances;   ///< (n, k)
};

/// The k nearest other points of every point, exactly. The grid is built on the host (a counting sort),
/// the search runs on the device, about k cells' worth of work a point.
///
/// @param points  (n, 2) or (n, 3) coordinates on the host, finite
/// @return        ids and Euclidean distances, nearest first, ties by lower index, in persistent memory;
///                graph_of_neighbours() makes a graph of them
/// @throws ArgumentError for other dimensions or k outside of [1, min(1024, n - 1)]; DataError for
/// coordinates that are not finite.
/// Numerics: squared distances from differences; copies of a point are at distance 0. Slow where very
/// many points share one place, for they share a cell. Deterministic: yes. Capturable: no (it prepares
/// data on the host).
/// Source: Bentley, Stanat and Williams 1977, the cell technique.
template <class D>
SpatialNeighbours<D> grid_knn(Context<D>& ctx, const Matrix<float>& points, const GridKnnOptions& options = {}) {
  require(points.cols == 2 || points.cols == 3, "grid_knn", "points must have 2 or 3 coordinates, got ", points.cols);
  require(points.rows < math::no_point, "grid_knn", "at most 2^31 - 2 points fit, got ", points.rows);
  const std::int64_t available = std::min<std::int64_t>(1024, points.rows - 1);
  require(options.k >= 1 && (options.k <= available || points.rows == 0), "grid_knn", "k must lie in [1, ", available,
          "] for ", points.rows, " points, got ", options.k);
  for (std::size_t i = 0; i < points.values.size(); ++i)
    require<DataError>(std::isfinite(points.values[i]), "grid_knn", "point ", static_cast<std::int64_t>(i) / points.cols,
                       " has the coordinate ", points.values[i]);
  const double one_ring = points.cols == 2 ? options.k / 4.0 : options.k / 8.0;
  const CellGrid<float> grid =
      build_cell_grid(points, options.occupancy > 0 ? options.occupancy : std::max(2.0, one_ring));
  CellGridView<float> view = grid.view;
  view.points = to_device(ctx, grid.points, Shape{points.rows, points.cols}).data;
  view.order = to_device(ctx, grid.order, Shape{points.rows}).data;
  view.cell_begin =
      to_device(ctx, grid.cell_begin, Shape{static_cast<std::int64_t>(grid.cell_begin.size())}).data;
  const SpatialNeighbours<D> result{ctx.template make_persistent<std::int32_t>(Shape{points.rows, options.k}),
                                    ctx.template make_persistent<float>(Shape{points.rows, options.k})};
  grid_knn(ctx, GridKnn<float>{view, result.ids.data, result.distances.data, options.k});
  return result;
}

}  // namespace stx
