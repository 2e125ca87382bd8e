// y = residual + dropout(activation(x)).
//
// One thread owns one quad. Forward: 8 bytes (12 with a residual) per element; backward: 12 bytes
// (8 for identity, 4 more for the residual's gradient); up to 25 FLOP for the activation. Bound by
// memory bandwidth.
#pragma once

#include "stx/backend/activate.hpp"
#include "stx/backend/cuda/launch.cuh"
#include "stx_kernels/detail/dropout.cuh"

namespace stx {
namespace kernels {

template <class T>
__global__ void activate_fwd_quad_per_thread_kernel(ActivateForward<T> p, const StepState* state, bool aligned) {
  const std::int64_t row = QuadGrid::row();
  const std::int64_t column = QuadGrid::column();
  if (row >= p.rows || column >= p.cols) return;
  Quad<T> value = load_quad(p.x + row * p.cols, column, p.cols, aligned);
#pragma unroll
  for (int e = 0; e < quad_size; ++e) value.v[e] = math::activate(value.v[e], p.activation);
  if (p.dropout.active()) apply_dropout(value, state, p.dropout, row, column);
  if (p.residual != nullptr) {
    const Quad<T> residual = load_quad(p.residual + row * p.cols, column, p.cols, aligned);
#pragma unroll
    for (int e = 0; e < quad_size; ++e) value.v[e] += residual.v[e];
  }
  store_quad(p.y + row * p.cols, column, p.cols, aligned, value);
}

template <class T>
__global__ void activate_bwd_quad_per_thread_kernel(ActivateBackward<T> p, const StepState* state, bool aligned) {
  const std::int64_t row = QuadGrid::row();
  const std::int64_t column = QuadGrid::column();
  if (row >= p.rows || column >= p.cols) return;
  Quad<T> grad = load_quad(p.grad_y + row * p.cols, column, p.cols, aligned);
  if (p.grad_residual != nullptr)
    write_quad(p.grad_residual + row * p.cols, column, p.cols, aligned, grad, p.write_residual);
  if (p.grad_x == nullptr) return;
  if (p.activation != Activation::identity) {
    const Quad<T> x = load_quad(p.x + row * p.cols, column, p.cols, aligned);
#pragma unroll
    for (int e = 0; e < quad_size; ++e) grad.v[e] *= math::activate_grad(x.v[e], p.activation);
  }
  if (p.dropout.active()) apply_dropout(grad, state, p.dropout, row, column);
  write_quad(p.grad_x + row * p.cols, column, p.cols, aligned, grad, p.write_x);
}

}  // namespace kernels

template <class T>
void activate_forward(Context<Cuda>& ctx, const ActivateForward<T>& p) {
  const kernels::QuadGrid g(p.rows, p.cols);
  cuda::launch(ctx, kernels::activate_fwd_quad_per_thread_kernel<T>, g.grid, g.block, 0, p, ctx.step_state(),
               kernels::quads_aligned(p.cols, p.x, p.residual, p.y));
}

template <class T>
void activate_backward(Context<Cuda>& ctx, const ActivateBackward<T>& p) {
  const kernels::QuadGrid g(p.rows, p.cols);
  cuda::launch(ctx, kernels::activate_bwd_quad_per_thread_kernel<T>, g.grid, g.block, 0, p, ctx.step_state(),
               kernels::quads_aligned(p.cols, p.grad_y, p.x, p.grad_x, p.grad_residual));
}

}  // namespace stx
