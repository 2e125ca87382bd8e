// Random hiding of inputs: one thread treats one quad, and computes the row's threshold and the
// quad's random bits itself. Reads and writes x, writes hidden: 12 bytes and about 50 integer
// operations per element; bound by memory bandwidth.
#pragma once

#include "stx/backend/cuda/launch.cuh"
#include "stx/backend/hide_inputs.hpp"
#include "stx_kernels/detail/quad.cuh"

namespace stx {
namespace kernels {

template <class T>
__global__ void hide_inputs_fwd_quad_per_thread_kernel(HideInputs<T> p, const StepState* state, bool aligned) {
  const std::int64_t row = QuadGrid::row();
  const std::int64_t column = QuadGrid::column();
  if (row >= p.rows || column >= p.cols) return;
  const std::int64_t offset = row * p.cols;
  Quad<T> x = load_quad(p.x + offset, column, p.cols, aligned);
  Quad<T> hidden{{T(1), T(1), T(1), T(1)}};
  if (p.counted != nullptr) hidden = load_quad(p.counted, column, p.cols, aligned);
  const std::uint32_t threshold = math::hide_threshold(*state, p.hide, row);
  const PhiloxWords words =
      math::dropout_words(*state, p.hide.site, row, static_cast<std::uint32_t>(column / math::dropout_group));
  const int first = static_cast<int>(column % math::dropout_group);
#pragma unroll
  for (int e = 0; e < quad_size; ++e) {
    const bool keep = math::dropout_factor(words, first + e, threshold, 1.0f) != 0.0f;
    x.v[e] = keep ? x.v[e] : T(0);
    hidden.v[e] = keep ? T(0) : hidden.v[e];
  }
  store_quad(p.x + offset, column, p.cols, aligned, x);
  store_quad(p.hidden + offset, column, p.cols, aligned, hidden);
}

}  // namespace kernels

template <class T>
void hide_inputs(Context<Cuda>& ctx, const HideInputs<T>& p) {
  const kernels::QuadGrid g(p.rows, p.cols);
  cuda::launch(ctx, kernels::hide_inputs_fwd_quad_per_thread_kernel<T>, g.grid, g.block, 0, p, ctx.step_state(),
               kernels::quads_aligned(p.cols, p.x, p.hidden, p.counted));
}

}  // namespace stx
