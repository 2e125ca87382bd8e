// y = dropout(softmax(scale x)), row by row.
//
// Forward: a group of lanes (a warp for narrow rows, a block for wide ones) owns a row. The first
// pass keeps a running maximum and a running sum in each lane, the second writes: 8 bytes read from
// memory once (the second time from a cache), 4 written (8 when dropout keeps p), about 25 FLOP per
// element; bound by memory bandwidth. Backward: one pass for the dot product, one that writes: 12
// bytes and 6 FLOP per element.
#pragma once

#include "stx/backend/cuda/launch.cuh"
#include "stx/backend/softmax.hpp"
#include "stx/math/softmax.hpp"
#include "stx_kernels/detail/dropout.cuh"
#include "stx_kernels/detail/row_group.cuh"

namespace stx {
namespace kernels {

template <class T>
__global__ void softmax_fwd_row_per_group_kernel(SoftmaxForward<T> a, const StepState* state, bool aligned) {
  const GroupRow row(a.rows, a.n);
  const std::int64_t n = row.columns, offset = row.offset;
  T largest = math::softmax_lowest<T>();
  T sum = 0;
  for (std::int64_t column = threadIdx.x * quad_size; column < n; column += blockDim.x * quad_size) {
    const Quad<T> x = load_quad(a.x + offset, column, n, aligned);
    T before = largest;
#pragma unroll
    for (int e = 0; e < quad_size; ++e)
      if (column + e < n && x.v[e] > largest) largest = x.v[e];
    sum *= math::softmax_exp(a.scale * (before - largest));
#pragma unroll
    for (int e = 0; e < quad_size; ++e)
      if (column + e < n) sum += math::softmax_exp(a.scale * (x.v[e] - largest));
  }
  T* scratch = shared_memory<T>();
  const T row_largest = row_max(largest, scratch);
  sum *= math::softmax_exp(a.scale * (largest - row_largest));
  const T inverse = math::softmax_inverse(row_sum(sum, scratch));
  for (std::int64_t column = threadIdx.x * quad_size; column < n; column += blockDim.x * quad_size) {
    Quad<T> p = load_quad(a.x + offset, column, n, aligned);
#pragma unroll
    for (int e = 0; e < quad_size; ++e)
      p.v[e] = column + e < n ? math::softmax_exp(a.scale * (p.v[e] - row_largest)) * inverse : T(0);
    if (a.p != nullptr) store_quad(a.p + offset, column, n, aligned, p);
    if (a.dropout.active()) apply_dropout(p, state, a.dropout, row.index, column);
    store_quad(a.y + offset, column, n, aligned, p);
  }
}

template <class T>
__global__ void softmax_bwd_row_per_group_kernel(SoftmaxBackward<T> a, const StepState* state, bool aligned) {
  const GroupRow row(a.rows, a.n);
  const std::int64_t n = row.columns, offset = row.offset;
  T dot = 0;
  for (std::int64_t column = threadIdx.x * quad_size; column < n; column += blockDim.x * quad_size) {
    Quad<T> grad = load_quad(a.grad_y + offset, column, n, aligned);
    const Quad<T> p = load_quad(a.p + offset, column, n, aligned);
    if (a.dropout.active()) apply_dropout(grad, state, a.dropout, row.index, column);
#pragma unroll
    for (int e = 0; e < quad_size; ++e) dot += grad.v[e] * p.v[e];
  }
  dot = row_sum(dot, shared_memory<T>());
  for (std::int64_t column = threadIdx.x * quad_size; column < n; column += blockDim.x * quad_size) {
    Quad<T> grad = load_quad(a.grad_y + offset, column, n, aligned);
    const Quad<T> p = load_quad(a.p + offset, column, n, aligned);
    if (a.dropout.active()) apply_dropout(grad, state, a.dropout, row.index, column);
#pragma unroll
    for (int e = 0; e < quad_size; ++e) grad.v[e] = math::softmax_grad(p.v[e], grad.v[e], dot, a.scale);
    write_quad(a.grad_x + offset, column, n, aligned, grad, a.write_x);
  }
}

}  // namespace kernels

template <class T>
void softmax_forward(Context<Cuda>& ctx, const SoftmaxForward<T>& a) {
  const dim3 block = kernels::row_group_block(a.n);
  cuda::launch(ctx, kernels::softmax_fwd_row_per_group_kernel<T>, dim3(cuda::blocks_for(a.rows, block.y)), block,
               kernels::row_sum_scratch * sizeof(T), a, ctx.step_state(), kernels::quads_aligned(a.n, a.x, a.p, a.y));
}

template <class T>
void softmax_backward(Context<Cuda>& ctx, const SoftmaxBackward<T>& a) {
  const dim3 block = kernels::row_group_block(a.n);
  cuda::launch(ctx, kernels::softmax_bwd_row_per_group_kernel<T>, dim3(cuda::blocks_for(a.rows, block.y)), block,
               kernels::row_sum_scratch * sizeof(T), a, ctx.step_state(),
               kernels::quads_aligned(a.n, a.grad_y, a.p, a.grad_x));
}

}  // namespace stx
