// One fused step of a diffusion sampler (DDPM, DDIM, DPM-Solver++ 2M): one thread updates one quad
// of one row and draws its four normals itself, only in steps that add noise. Reads u, x_0, eps,
// mask and known values, writes u and x_0: 28 bytes and about 12 FLOP per element, bound by memory
// bandwidth; bounds and coefficients come from caches. A step written as separate kernels moves
// about 100 bytes.
//
// begin_diffusion_step: one block; 4 bytes per row.
#pragma once

#include <limits>

#include "stx/backend/cuda/launch.cuh"
#include "stx/backend/diffusion_update.hpp"
#include "stx_kernels/detail/quad.cuh"

namespace stx {
namespace kernels {

/// load_quad, or four times `otherwise` where there is no array.
template <class T>
__device__ inline Quad<T> load_quad_or(const T* row, std::int64_t column, std::int64_t n, bool aligned, T otherwise) {
  if (row != nullptr) return load_quad(row, column, n, aligned);
  return {{otherwise, otherwise, otherwise, otherwise}};
}

template <class T>
__global__ void diffusion_update_fwd_quad_per_thread_kernel(DiffusionUpdate<T> p, const StepState* state,
                                                            bool aligned) {
  const std::int64_t row = QuadGrid::row();
  const std::int64_t column = QuadGrid::column();
  if (row >= p.rows || column >= p.cols) return;
  const DiffusionPosition position = *p.position;
  const DiffusionStep step = p.steps[position.step];
  const std::int64_t offset = row * p.cols;
  const auto at_row = [&](const T* data) { return data != nullptr ? data + offset : nullptr; };
  Quad<T> u = load_quad(p.u + offset, column, p.cols, aligned);
  Quad<T> x0 = load_quad(p.x0 + offset, column, p.cols, aligned);
  const Quad<T> eps = load_quad_or(at_row(p.eps), column, p.cols, aligned, T(0));
  const Quad<T> mask = load_quad_or(at_row(p.mask), column, p.cols, aligned, T(0));
  const Quad<T> known = load_quad_or(p.mask != nullptr ? at_row(p.known) : nullptr, column, p.cols, aligned, T(0));
  const T infinity = std::numeric_limits<T>::infinity();
  const Quad<T> low = load_quad_or(p.low, column, p.cols, aligned, -infinity);
  const Quad<T> high = load_quad_or(p.high, column, p.cols, aligned, infinity);
  math::FourVariates z{{0.0f, 0.0f, 0.0f, 0.0f}};
  if (step.noise != 0.0f || (p.mask != nullptr && step.known_noise != 0.0f))
    z = math::normals(math::variate_words(diffusion_counter(*state, position), RandomPurpose::noise, p.site,
                                          p.row_ids != nullptr ? p.row_ids[row] : row,
                                          static_cast<std::uint32_t>(column / quad_size)));
#pragma unroll
  for (int e = 0; e < quad_size; ++e) {
    const T prediction = math::diffusion_x0(step, u.v[e], eps.v[e], low.v[e], high.v[e]);
    u.v[e] = math::diffusion_next(step, u.v[e], prediction, x0.v[e], static_cast<T>(z.v[e]), mask.v[e], known.v[e]);
    x0.v[e] = prediction;
  }
  store_quad(p.u + offset, column, p.cols, aligned, u);
  store_quad(p.x0 + offset, column, p.cols, aligned, x0);
}

// A template only so that several translation units may contain it.
template <class Begin>
__global__ void diffusion_begin_one_block_kernel(Begin p) {
  const std::int32_t step = p.position->step + 1;
  __syncthreads();  // all have read the old step
  if (threadIdx.x == 0) p.position->step = step;
  for (std::int64_t i = threadIdx.x; i < p.rows; i += blockDim.x) p.row_times[i] = p.times[step];
}

}  // namespace kernels

template <class T>
void diffusion_update(Context<Cuda>& ctx, const DiffusionUpdate<T>& p) {
  const kernels::QuadGrid g(p.rows, p.cols);
  cuda::launch(ctx, kernels::diffusion_update_fwd_quad_per_thread_kernel<T>, g.grid, g.block, 0, p, ctx.step_state(),
               kernels::quads_aligned(p.cols, p.u, p.x0, p.eps, p.mask, p.known, p.low, p.high));
}

// "used": the compiled library must contain it for callers that see the declaration alone.
[[gnu::used]] inline void begin_diffusion_step(Context<Cuda>& ctx, const DiffusionBegin& p) {
  cuda::launch(ctx, kernels::diffusion_begin_one_block_kernel<DiffusionBegin>, dim3(1), dim3(256), 0, p);
}

}  // namespace stx
