// Two matrices side by side, and their gradients taken apart: one thread copies or adds one quad; 8
// bytes per element (12 when adding); bound by memory bandwidth. Quads are whole where both row
// lengths and the place of the columns are multiples of four.
#pragma once

#include "stx/backend/concat_columns.hpp"
#include "stx/backend/cuda/launch.cuh"
#include "stx_kernels/detail/quad.cuh"

namespace stx {
namespace kernels {

template <class T>
__global__ void copy_columns_quad_per_thread_kernel(CopyColumns<T> p, bool aligned) {
  const std::int64_t row = QuadGrid::row();
  const std::int64_t column = QuadGrid::column();
  if (row >= p.rows || column >= p.width) return;
  const Quad<T> values = load_quad(p.from + row * p.from_stride, column, p.width, aligned);
  write_quad(p.to + row * p.to_stride, column, p.width, aligned, values, p.write);
}

}  // namespace kernels

template <class T>
void concat_columns(Context<Cuda>& ctx, const CopyColumns<T>& first, const CopyColumns<T>& second) {
  for (const CopyColumns<T>* copy : {&first, &second}) {
    const CopyColumns<T> p = *copy;
    if (p.to == nullptr) continue;
    const kernels::QuadGrid g(p.rows, p.width);
    const bool aligned =
        kernels::quads_aligned(p.width, p.from, p.to) && (p.from_stride | p.to_stride) % kernels::quad_size == 0;
    cuda::launch(ctx, kernels::copy_columns_quad_per_thread_kernel<T>, g.grid, g.block, 0, p, aligned);
  }
}

}  // namespace stx
