// Random numbers: one thread makes one quad, that is one Philox call and two Box-Muller pairs.
// Writes 4 bytes and spends about 30 integer and 25 floating-point operations per element; on an
// H100 close to the balance of the two, bound by memory bandwidth for uniforms, by instructions for
// normals.
#pragma once

#include "stx/backend/cuda/launch.cuh"
#include "stx/backend/random_fill.hpp"
#include "stx_kernels/detail/quad.cuh"

namespace stx {
namespace kernels {

template <class T>
__global__ void random_fill_fwd_quad_per_thread_kernel(RandomFill<T> p, const StepState* state, bool aligned) {
  const std::int64_t row = QuadGrid::row();
  const std::int64_t column = QuadGrid::column();
  if (row >= p.rows || column >= p.cols) return;
  const std::int64_t key = p.row_ids != nullptr ? p.row_ids[row] : row;
  const math::FourVariates four =
      math::random_group(*state, p.distribution, p.site, key, static_cast<std::uint32_t>(column / 4));
  Quad<T> out;
#pragma unroll
  for (int e = 0; e < quad_size; ++e) out.v[e] = static_cast<T>(std::fma(p.scale, four.v[e], p.location));
  store_quad(p.out + row * p.cols, column, p.cols, aligned, out);
}

}  // namespace kernels

template <class T>
void random_fill(Context<Cuda>& ctx, const RandomFill<T>& p) {
  const kernels::QuadGrid g(p.rows, p.cols);
  cuda::launch(ctx, kernels::random_fill_fwd_quad_per_thread_kernel<T>, g.grid, g.block, 0, p, ctx.step_state(),
               kernels::quads_aligned(p.cols, p.out));
}

}  // namespace stx
