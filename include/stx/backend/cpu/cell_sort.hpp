// Sorting points into cells on the CPU: by counting.
#pragma once

#include <algorithm>

#include "stx/backend/cell_sort.hpp"
#include "stx/core/parallel_for.hpp"

namespace stx {

template <class T>
void cell_sort(Context<Cpu>& ctx, const CellSort<T>& p) {
  const std::int64_t n = p.grid.n, cells = p.grid.cells();
  auto* cell = ctx.step_arena().template allocate<std::int32_t>(n);
  auto* place = ctx.step_arena().template allocate<std::int32_t>(cells);
  parallel_chunks(ctx.threads(), n, 4096, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      cell[i] = static_cast<std::int32_t>(math::cell_number(p.grid, p.points + i * p.grid.dims));
  });
  std::fill_n(p.cell_begin, cells + 1, 0);
  for (std::int64_t i = 0; i < n; ++i) ++p.cell_begin[cell[i] + 1];
  for (std::int64_t c = 0; c < cells; ++c) {
    place[c] = p.cell_begin[c];
    p.cell_begin[c + 1] += p.cell_begin[c];
  }
  for (std::int64_t i = 0; i < n; ++i) p.order[place[cell[i]]++] = static_cast<std::int32_t>(i);
  parallel_chunks(ctx.threads(), n, 4096, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      std::copy_n(p.points + std::int64_t{p.order[i]} * p.grid.dims, p.grid.dims, p.sorted + i * p.grid.dims);
  });
}

}  // namespace stx
