// Rows of a table: one thread copies one quad. Reads the row number (from cache, but for the first
// thread of a row) and 4 bytes, writes 4 bytes per element; bound by memory bandwidth.
#pragma once

#include "stx/backend/cuda/launch.cuh"
#include "stx/backend/gather_rows.hpp"
#include "stx_kernels/detail/quad.cuh"

namespace stx {
namespace kernels {

template <class T>
__global__ void gather_rows_fwd_quad_per_thread_kernel(GatherRows<T> p, bool aligned) {
  const std::int64_t row = QuadGrid::row();
  const std::int64_t column = QuadGrid::column();
  if (row >= p.rows || column >= p.width) return;
  const std::int64_t id = p.ids[row];
  constexpr T nan = std::numeric_limits<T>::quiet_NaN();
  Quad<T> values{{nan, nan, nan, nan}};
  if (id >= 0 && id < p.n) values = load_quad(p.table + id * p.width, column, p.width, aligned);
  store_quad(p.out + row * p.width, column, p.width, aligned, values);
}

}  // namespace kernels

template <class T>
void gather_rows(Context<Cuda>& ctx, const GatherRows<T>& p) {
  const kernels::QuadGrid g(p.rows, p.width);
  cuda::launch(ctx, kernels::gather_rows_fwd_quad_per_thread_kernel<T>, g.grid, g.block, 0, p,
               kernels::quads_aligned(p.width, p.table, p.out));
}

}  // namespace stx
