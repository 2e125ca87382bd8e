// Cells of a regular grid in 2 or 3 dimensions, and the rings around a point.
#pragma once

#include <cmath>

#include "stx/math/nearest.hpp"

namespace stx {

/// Points sorted by cell; cells are numbered with the first dimension running fastest.
template <class T>
struct CellGridView {
  const T* points = nullptr;                 ///< n x dims, in the order of the cells
  const std::int32_t* order = nullptr;       ///< n: original index of each
  const std::int32_t* cell_begin = nullptr;  ///< cells + 1
  std::int64_t n = 0;
  int dims = 2;
  std::int32_t counts[3] = {1, 1, 1};  ///< cells along each dimension
  T lower[3] = {};                     ///< least coordinates
  T edge = T(1);                       ///< of a cell

  STX_HD std::int64_t cells() const { return std::int64_t{counts[0]} * counts[1] * counts[2]; }
};

namespace math {

/// Cells along one dimension are at most this many, so that rounding moves no point by a hundredth of one.
inline constexpr std::int32_t most_cells = 16384;

/// Where a coordinate lies, in cells from the lower end.
template <class T>
STX_HD inline T cell_place(const CellGridView<T>& grid, T x, int d) {
  return (x - grid.lower[d]) / grid.edge;
}
template <class T>
STX_HD inline std::int32_t cell_of(const CellGridView<T>& grid, T x, int d) {
  const auto cell = static_cast<std::int32_t>(cell_place(grid, x, d));
  return cell < grid.counts[d] ? cell : grid.counts[d] - 1;
}

/// Number of the cell that holds a point of `dims` coordinates.
template <class T>
STX_HD inline std::uint64_t cell_number(const CellGridView<T>& grid, const T* point) {
  std::uint64_t number = 0;
  for (int d = 2; d >= 0; --d)
    if (d < grid.dims)
      number =
          number * static_cast<std::uint64_t>(grid.counts[d]) + static_cast<std::uint64_t>(cell_of(grid, point[d], d));
  return number;
}

/// Cells around a point, and the points in them.
template <class T>
struct CellRings {
  const CellGridView<T>& grid;
  const T* point;
  std::int32_t centre[3] = {0, 0, 0};

  STX_HD CellRings(const CellGridView<T>& g, const T* p) : grid(g), point(p) {
    for (int d = 0; d < 3; ++d)  // a constant bound: indices stay in registers
      if (d < g.dims) centre[d] = cell_of(g, p[d], d);
  }

  /// Rows of cells in the cube of rings 0 to `ring`.
  STX_HD std::int64_t rows(std::int32_t ring) const {
    const std::int64_t side = 2 * ring + 1;
    return grid.dims == 3 ? side * side : side;
  }

  /// Points [begin, end) of row `row` of ring `ring`. Of the rows through the cube only the ends belong to
  /// the ring: `part` 0 is the whole row or its left end, 1 its right end. False where there is none.
  STX_HD bool run(std::int32_t ring, std::int64_t row, int part, std::int32_t& begin, std::int32_t& end) const {
    const std::int32_t side = 2 * ring + 1;
    const auto dy = static_cast<std::int32_t>(row % side) - ring;
    const auto dz = grid.dims == 3 ? static_cast<std::int32_t>(row / side) - ring : 0;
    const std::int32_t y = centre[1] + dy, z = centre[2] + dz;
    if (y < 0 || y >= grid.counts[1] || z < 0 || z >= grid.counts[2]) return false;
    std::int32_t first = centre[0] - ring, last = centre[0] + ring;
    if (dy == -ring || dy == ring || (grid.dims == 3 && (dz == -ring || dz == ring))) {
      if (part == 1) return false;
      first = first < 0 ? 0 : first;
      last = last < grid.counts[0] ? last : grid.counts[0] - 1;
    } else {
      first = last = part == 0 ? first : last;
      if (first < 0 || first >= grid.counts[0]) return false;
    }
    const std::int64_t cells = (static_cast<std::int64_t>(z) * grid.counts[1] + y) * grid.counts[0];
    begin = grid.cell_begin[cells + first];
    end = grid.cell_begin[cells + last + 1];
    return begin < end;
  }

  /// Squared distance within which every point lies in rings 0 to `ring`; negative once these hold all
  /// points.
  STX_HD T reach(std::int32_t ring) const {
    T nearest = T(-1);
    for (int d = 0; d < 3; ++d) {
      if (d >= grid.dims) break;
      const T place = cell_place(grid, point[d], d);
      if (centre[d] - ring > 0) nearest = closer(nearest, place - static_cast<T>(centre[d] - ring));
      if (centre[d] + ring + 1 < grid.counts[d])
        nearest = closer(nearest, static_cast<T>(centre[d] + ring + 1) - place);
    }
    if (nearest < T(0)) return nearest;
    const T safe = nearest > T(0.01) ? (nearest - T(0.01)) * grid.edge : T(0);
    return safe * safe;
  }

  /// Squared distance to point i of the grid.
  STX_HD T key(std::int64_t i) const {
    T sum = 0;
    for (int d = 0; d < 3; ++d)
      if (d < grid.dims) sum += key_term(KnnMetric::euclidean, point[d], grid.points[i * grid.dims + d]);
    return sum;
  }

 private:
  STX_HD static T closer(T so_far, T border) {
    border = border > T(0) ? border : T(0);
    return so_far < T(0) || border < so_far ? border : so_far;
  }
};

}  // namespace math
}  // namespace stx
