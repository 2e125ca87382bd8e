// Gated linear units. Forward: one thread makes one quad: 12 bytes and one activation per element
// of y. Backward: one thread makes both halves of the gradient: 20 bytes (28 when adding) and one
// activation and its derivative. Bound by memory bandwidth.
#pragma once

#include "stx/backend/cuda/launch.cuh"
#include "stx/backend/gated_activation.hpp"
#include "stx_kernels/detail/quad.cuh"

namespace stx {
namespace kernels {

template <class T>
__global__ void gated_activation_fwd_quad_per_thread_kernel(GatedActivationForward<T> p,
                                                            bool aligned) {
  const std::int64_t row = QuadGrid::row();
  const std::int64_t column = QuadGrid::column();
  if (row >= p.rows || column >= p.width) return;
  const T* x = p.x + 2 * row * p.width;
  const Quad<T> gate = load_quad(x, column, p.width, aligned);
  Quad<T> y = load_quad(x + p.width, column, p.width, aligned);
#pragma unroll
  for (int e = 0; e < quad_size; ++e) y.v[e] *= math::activate(gate.v[e], p.activation);
  store_quad(p.y + row * p.width, column, p.width, aligned, y);
}

template <class T>
__global__ void gated_activation_bwd_quad_per_thread_kernel(GatedActivationBackward<T> p,
                                                            bool aligned) {
  const std::int64_t row = QuadGrid::row();
  const std::int64_t column = QuadGrid::column();
  if (row >= p.rows || column >= p.width) return;
  const T* x = p.x + 2 * row * p.width;
  const Quad<T> gate = load_quad(x, column, p.width, aligned);
  const Quad<T> value = load_quad(x + p.width, column, p.width, aligned);
  const Quad<T> grad = load_quad(p.grad_y + row * p.width, column, p.width, aligned);
  Quad<T> to_gate, to_value;
#pragma unroll
  for (int e = 0; e < quad_size; ++e) {
    to_gate.v[e] = grad.v[e] * value.v[e] * math::activate_grad(gate.v[e], p.activation);
    to_value.v[e] = grad.v[e] * math::activate(gate.v[e], p.activation);
  }
  T* grad_x = p.grad_x + 2 * row * p.width;
  write_quad(grad_x, column, p.width, aligned, to_gate, p.write_x);
  write_quad(grad_x + p.width, column, p.width, aligned, to_value, p.write_x);
}

}  // namespace kernels

template <class T>
void gated_activation_forward(Context<Cuda>& ctx, const GatedActivationForward<T>& p) {
  const kernels::QuadGrid g(p.rows, p.width);
  cuda::launch(ctx, kernels::gated_activation_fwd_quad_per_thread_kernel<T>, g.grid, g.block, 0, p,
               kernels::quads_aligned(p.width, p.x, p.y));
}

template <class T>
void gated_activation_backward(Context<Cuda>& ctx, const GatedActivationBackward<T>& p) {
  const kernels::QuadGrid g(p.rows, p.width);
  cuda::launch(ctx, kernels::gated_activation_bwd_quad_per_thread_kernel<T>, g.grid, g.block, 0, p,
               kernels::quads_aligned(p.width, p.x, p.grad_y, p.grad_x));
}

}  // namespace stx
