// Noising data: one thread makes one quad of one row and draws its four normals itself. Reads x_0
// (and eps where given), writes x_t (and eps where drawn): 12 bytes and 3 FLOP per element, and
// about 55 operations more where eps is drawn; bound by memory bandwidth, close to the instruction
// bound when drawing.
#pragma once

#include "stx/backend/cuda/launch.cuh"
#include "stx/backend/q_sample.hpp"
#include "stx_kernels/detail/quad.cuh"

namespace stx {
namespace kernels {

template <class T>
__global__ void q_sample_fwd_quad_per_thread_kernel(QSample<T> p, const StepState* state, bool aligned) {
  const std::int64_t row = QuadGrid::row();
  const std::int64_t column = QuadGrid::column();
  if (row >= p.rows || column >= p.cols) return;
  const std::int64_t offset = row * p.cols;
  const NoiseLevel<T> level = noise_level_of(p, row);
  const Quad<T> x0 = load_quad(p.x0 + offset, column, p.cols, aligned);
  Quad<T> eps;
  if (p.eps != nullptr) {
    eps = load_quad(p.eps + offset, column, p.cols, aligned);
  } else {
    const math::FourVariates z = math::normals(math::variate_words(*state, RandomPurpose::noise, p.site,
                                                                   p.row_ids != nullptr ? p.row_ids[row] : row,
                                                                   static_cast<std::uint32_t>(column / quad_size)));
#pragma unroll
    for (int e = 0; e < quad_size; ++e) eps.v[e] = static_cast<T>(z.v[e]);
    store_quad(p.drawn + offset, column, p.cols, aligned, eps);
  }
  Quad<T> xt;
#pragma unroll
  for (int e = 0; e < quad_size; ++e) xt.v[e] = level.signal * x0.v[e] + level.noise * eps.v[e];
  store_quad(p.xt + offset, column, p.cols, aligned, xt);
}

}  // namespace kernels

template <class T>
void q_sample(Context<Cuda>& ctx, const QSample<T>& p) {
  const kernels::QuadGrid g(p.rows, p.cols);
  cuda::launch(ctx, kernels::q_sample_fwd_quad_per_thread_kernel<T>, g.grid, g.block, 0, p, ctx.step_state(),
               kernels::quads_aligned(p.cols, p.x0, p.eps, p.drawn, p.xt));
}

}  // namespace stx
