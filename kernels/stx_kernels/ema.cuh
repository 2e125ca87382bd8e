// Exponential moving average: one thread updates one quad; 12 bytes and 3 FLOP per element; bound
// by memory bandwidth. exchange: one thread swaps one quad; 16 bytes per element; the same bound.
#pragma once

#include "stx/backend/cuda/launch.cuh"
#include "stx/backend/ema.hpp"
#include "stx_kernels/detail/quad.cuh"

namespace stx {
namespace kernels {

template <class T>
__global__ void ema_quad_per_thread_kernel(Ema<T> p, const StepState* state, bool aligned) {
  const std::int64_t i = FlatGrid::column();
  if (i >= p.size) return;
  const T decay = ema_decay(p, *state);
  Quad<T> average = load_quad(p.average, i, p.size, aligned);
  const Quad<T> values = load_quad(p.values, i, p.size, aligned);
#pragma unroll
  for (int e = 0; e < quad_size; ++e) average.v[e] = decay * average.v[e] + (T(1) - decay) * values.v[e];
  store_quad(p.average, i, p.size, aligned, average);
}

template <class T>
__global__ void exchange_quad_per_thread_kernel(T* a, T* b, std::int64_t size, bool aligned) {
  const std::int64_t i = FlatGrid::column();
  if (i >= size) return;
  const Quad<T> x = load_quad(a, i, size, aligned);
  store_quad(a, i, size, aligned, load_quad(b, i, size, aligned));
  store_quad(b, i, size, aligned, x);
}

}  // namespace kernels

template <class T>
void ema(Context<Cuda>& ctx, const Ema<T>& p) {
  const kernels::FlatGrid g(p.size);
  cuda::launch(ctx, kernels::ema_quad_per_thread_kernel<T>, g.grid, g.block, 0, p, ctx.step_state(),
               kernels::quads_aligned(p.size, p.average, p.values));
}

template <class T>
void exchange(Context<Cuda>& ctx, T* a, T* b, std::int64_t size) {
  const kernels::FlatGrid g(size);
  cuda::launch(ctx, kernels::exchange_quad_per_thread_kernel<T>, g.grid, g.block, 0, a, b, size,
               kernels::quads_aligned(size, a, b));
}

}  // namespace stx
