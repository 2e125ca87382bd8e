// fill: one thread stores one quad; 4 bytes and no FLOP per element; bound by memory bandwidth.
// add_to: one thread adds one quad; 12 bytes and 1 FLOP per element; the same bound.
// scale_rows: one thread scales one quad of a row; 8 bytes and 1 FLOP per element; the same bound.
// advance_step: one thread.
#pragma once

#include "stx/backend/cuda/launch.cuh"
#include "stx/backend/elementwise.hpp"
#include "stx_kernels/detail/quad.cuh"

namespace stx {
namespace kernels {

template <class T>
__global__ void fill_quad_per_thread_kernel(T* data, std::int64_t size, T value, bool aligned) {
  const std::int64_t i = FlatGrid::column();
  if (i < size) store_quad(data, i, size, aligned, Quad<T>{{value, value, value, value}});
}

template <class T>
__global__ void add_to_quad_per_thread_kernel(T* target, const T* source, std::int64_t size, bool aligned) {
  const std::int64_t i = FlatGrid::column();
  if (i < size) write_quad(target, i, size, aligned, load_quad(source, i, size, aligned), GradWrite::accumulate);
}

template <class T>
__global__ void scale_rows_quad_per_thread_kernel(T* y, const T* x, const T* factor, std::int64_t rows,
                                                  std::int64_t cols, bool aligned) {
  const std::int64_t row = QuadGrid::row(), column = QuadGrid::column();
  if (row >= rows || column >= cols) return;
  Quad<T> quad = load_quad(x + row * cols, column, cols, aligned);
#pragma unroll
  for (int i = 0; i < quad_size; ++i) quad.v[i] *= factor[row];
  store_quad(y + row * cols, column, cols, aligned, quad);
}

// A template only so that several translation units may contain it.
template <class State>
__global__ void advance_step_one_thread_kernel(State* state) {
  state->step += 1;
}

}  // namespace kernels

template <class T>
void fill(Context<Cuda>& ctx, T* data, std::int64_t size, T value) {
  const kernels::FlatGrid g(size);
  cuda::launch(ctx, kernels::fill_quad_per_thread_kernel<T>, g.grid, g.block, 0, data, size, value,
               kernels::quads_aligned(size, data));
}

template <class T>
void add_to(Context<Cuda>& ctx, T* target, const T* source, std::int64_t size) {
  const kernels::FlatGrid g(size);
  cuda::launch(ctx, kernels::add_to_quad_per_thread_kernel<T>, g.grid, g.block, 0, target, source, size,
               kernels::quads_aligned(size, target, source));
}

template <class T>
void scale_rows(Context<Cuda>& ctx, T* y, const T* x, const T* factor, std::int64_t rows, std::int64_t cols) {
  const kernels::QuadGrid g(rows, cols);
  cuda::launch(ctx, kernels::scale_rows_quad_per_thread_kernel<T>, g.grid, g.block, 0, y, x, factor, rows, cols,
               kernels::quads_aligned(cols, y, x));
}

// "used": the compiled library must contain it for callers that see the declaration alone.
[[gnu::used]] inline void advance_step(Context<Cuda>& ctx) {
  cuda::launch(ctx, kernels::advance_step_one_thread_kernel<StepState>, dim3(1), dim3(1), 0, ctx.step_state());
}

}  // namespace stx
