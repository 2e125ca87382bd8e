// Gated linear units. Forward: one thread makes one quad: 12 bytes and one activation per element
// of y. Backward: one thread makes both halves of the gradient: 20 bytes (28 when adding) and one
// activation and its derivative. Bound by memory bandwidth.
#pragma once

#include "stx/backend/cuda/launch.cuh"
#include "stx/backend/gated_activation.hpp"
#include "stx_kernels/detail/quad.cuh"

namespace stx {
namespace kernels {

/// The thread's quad of both halves of x.
template <class T>
struct GatedQuad {
  std::int64_t row = QuadGrid::row(), column = QuadGrid::column();
  bool exists;
  Quad<T> gate, value;

  __device__ GatedQuad(const T* x, std::int64_t rows, std::int64_t width, bool aligned)
      : exists(row < rows && column < width) {
    if (!exists) return;
    x += 2 * row * width;
    gate = load_quad(x, column, width, aligned);
    value = load_quad(x + width, column, width, aligned);
  }
};

template <class T>
__global__ void gated_activation_fwd_quad_per_thread_kernel(GatedActivationForward<T> p, bool aligned) {
  const GatedQuad<T> in(p.x, p.rows, p.width, aligned);
  if (!in.exists) return;
  Quad<T> y;
#pragma unroll
  for (int e = 0; e < quad_size; ++e) y.v[e] = in.value.v[e] * math::activate(in.gate.v[e], p.activation);
  store_quad(p.y + in.row * p.width, in.column, p.width, aligned, y);
}

template <class T>
__global__ void gated_activation_bwd_quad_per_thread_kernel(GatedActivationBackward<T> p, bool aligned) {
  const GatedQuad<T> in(p.x, p.rows, p.width, aligned);
  if (!in.exists) return;
  const Quad<T> grad = load_quad(p.grad_y + in.row * p.width, in.column, p.width, aligned);
  Quad<T> to_gate, to_value;
#pragma unroll
  for (int e = 0; e < quad_size; ++e) {
    to_gate.v[e] = grad.v[e] * in.value.v[e] * math::activate_grad(in.gate.v[e], p.activation);
    to_value.v[e] = grad.v[e] * math::activate(in.gate.v[e], p.activation);
  }
  T* grad_x = p.grad_x + 2 * in.row * p.width;
  write_quad(grad_x, in.column, p.width, aligned, to_gate, p.write_x);
  write_quad(grad_x + p.width, in.column, p.width, aligned, to_value, p.write_x);
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
