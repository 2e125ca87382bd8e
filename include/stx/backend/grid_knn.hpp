// k nearest neighbours of points in a cell grid: the contract of both backends.
#pragma once

#include "stx/core/context.hpp"
#include "stx/math/cell_grid.hpp"

namespace stx {

/// ids and distances of the k nearest other points of every point, nearest first, ties by lower index;
/// rows in the original order of the points. Missing neighbours have id -1 and distance NaN.
template <class T>
struct GridKnn {
  CellGridView<T> grid;
  std::int32_t* ids = nullptr;  ///< n x k
  T* distances = nullptr;       ///< n x k
  int k = 1;
};

template <class T>
void grid_knn(Context<Cpu>& ctx, const GridKnn<T>& args);
template <class T>
void grid_knn(Context<Cuda>& ctx, const GridKnn<T>& args);

}  // namespace stx
