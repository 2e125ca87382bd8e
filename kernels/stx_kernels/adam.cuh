// Adam: one thread updates one quad of the flat parameter buffer. Reads parameter, gradient and
// both moments, writes parameter and moments: 28 bytes and about 15 FLOP per element; bound by
// memory bandwidth.
#pragma once

#include <cmath>

#include "stx/backend/adam.hpp"
#include "stx/backend/cuda/launch.cuh"
#include "stx_kernels/detail/quad.cuh"

namespace stx {
namespace kernels {

template <class T>
__global__ void adam_step_quad_per_thread_kernel(AdamArgs<T> p, const StepState* state, T log_beta1, T log_beta2,
                                                 bool aligned) {
  const std::int64_t i = FlatGrid::column();
  if (i >= p.size) return;
  Quad<T> parameter = load_quad(p.parameters, i, p.size, aligned);
  const Quad<T> gradient = load_quad(p.gradients, i, p.size, aligned);
  Quad<T> mean = load_quad(p.means, i, p.size, aligned);
  Quad<T> square = load_quad(p.squares, i, p.size, aligned);
  // 1 - beta^t without cancellation: -expm1(t log beta).
  const T t = static_cast<T>(state->step - p.first_step);
  const auto step =
      math::adam_step(static_cast<T>(state->learning_rate), -std::expm1(t * log_beta1), -std::expm1(t * log_beta2));
#pragma unroll
  for (int e = 0; e < quad_size; ++e)
    math::adam_update(parameter.v[e], gradient.v[e], mean.v[e], square.v[e], step, p.options);
  store_quad(p.parameters, i, p.size, aligned, parameter);
  store_quad(p.means, i, p.size, aligned, mean);
  store_quad(p.squares, i, p.size, aligned, square);
}

}  // namespace kernels

template <class T>
void adam(Context<Cuda>& ctx, const AdamArgs<T>& p) {
  const kernels::FlatGrid g(p.size);
  // The last quad of a buffer whose size is no multiple of four is handled by the unaligned path.
  const bool aligned = kernels::quads_aligned(p.size, p.parameters, p.gradients, p.means, p.squares);
  cuda::launch(ctx, kernels::adam_step_quad_per_thread_kernel<T>, g.grid, g.block, 0, p, ctx.step_state(),
               static_cast<T>(std::log(static_cast<double>(p.options.beta1))),
               static_cast<T>(std::log(static_cast<double>(p.options.beta2))), aligned);
}

}  // namespace stx
