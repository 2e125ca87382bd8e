// Sorting points into the cells of a grid: the contract of both backends.
#pragma once

#include "stx/core/context.hpp"
#include "stx/math/cell_grid.hpp"

namespace stx {

/// Points by cell, those of a cell by ascending index. Of `grid` only the shape is read.
template <class T>
struct CellSort {
  CellGridView<T> grid;
  const T* points = nullptr;           ///< n x dims, finite, inside the grid
  T* sorted = nullptr;                 ///< n x dims
  std::int32_t* order = nullptr;       ///< n: index of each sorted point
  std::int32_t* cell_begin = nullptr;  ///< cells + 1
};

template <class T>
void cell_sort(Context<Cpu>& ctx, const CellSort<T>& args);
template <class T>
void cell_sort(Context<Cuda>& ctx, const CellSort<T>& args);

}  // namespace stx
