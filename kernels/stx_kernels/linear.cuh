// Fully connected layer: cuBLASLt for the products, one kernel for what follows or precedes them.
//
// Forward: one thread finishes one quad of the product (bias, activation, dropout, gated residual).
// Reads z and, if given, a residual, writes y and, if asked for, the biased z and the branch: 8 to 20 bytes per
// element, up to 27 FLOP with an activation; bound by memory bandwidth. Backward: a block owns a strip of 128 columns
// (a quad per lane) of a fixed chunk of rows; it turns grad_y into dL/dz and sums the columns for the bias on the way:
// 4 to 12 bytes per element, bound by memory bandwidth. The chunks' sums are added in order by sum_partials.
#pragma once

#include <algorithm>

#include "stx/backend/cuda/launch.cuh"
#include "stx/backend/linear.hpp"
#include "stx_kernels/detail/column_strip.cuh"
#include "stx_kernels/detail/dropout.cuh"
#include "stx_kernels/detail/sum_partials.cuh"
#include "stx_kernels/gemm.cuh"

namespace stx {
namespace kernels {

template <class T>
__global__ void linear_fwd_quad_per_thread_kernel(LinearForward<T> p, const StepState* state, bool aligned) {
  const std::int64_t row = QuadGrid::row();
  const std::int64_t column = QuadGrid::column();
  if (row >= p.rows || column >= p.out) return;
  const std::int64_t offset = row * p.out;
  T* z_row = (p.pre_activation != nullptr ? p.pre_activation : p.y) + offset;
  Quad<T> value = load_quad(z_row, column, p.out, aligned);
  if (p.bias != nullptr) {
    const Quad<T> bias = load_quad(p.bias, column, p.out, aligned);
#pragma unroll
    for (int e = 0; e < quad_size; ++e) value.v[e] += bias.v[e];
    if (p.pre_activation != nullptr) store_quad(z_row, column, p.out, aligned, value);
  }
#pragma unroll
  for (int e = 0; e < quad_size; ++e) value.v[e] = math::activate(value.v[e], p.activation);
  if (p.dropout.active()) apply_dropout(value, state, p.dropout, row, column);
  if (p.branch != nullptr) store_quad(p.branch + offset, column, p.out, aligned, value);
  if (p.residual != nullptr) {
    const Quad<T> residual = load_quad(p.residual + offset, column, p.out, aligned);
    Quad<T> gate{T(1), T(1), T(1), T(1)};
    if (p.gate != nullptr) gate = load_quad(p.gate + row / p.rows_per_group * p.gate_stride, column, p.out, aligned);
#pragma unroll
    for (int e = 0; e < quad_size; ++e) value.v[e] = residual.v[e] + gate.v[e] * value.v[e];
  }
  store_quad(p.y + offset, column, p.out, aligned, value);
}

/// grad_pre may be null (dL/dz is grad_y itself), partials may be null (no bias gradient).
template <class T>
__global__ void linear_bwd_column_strip_per_block_kernel(LinearBackward<T> p, const StepState* state, T* grad_pre,
                                                         T* partials, std::int64_t chunk_rows, bool aligned) {
  const ColumnStrip strip(p.rows, chunk_rows);
  const std::int64_t column = strip.column;
  Quad<T> sum{};
  if (column < p.out) {
#pragma unroll 2
    for (std::int64_t row = strip.begin + threadIdx.y; row < strip.end; row += blockDim.y) {
      const std::int64_t offset = row * p.out;
      Quad<T> grad = load_quad(p.grad_y + offset, column, p.out, aligned);
      if (p.dropout.active()) apply_dropout(grad, state, p.dropout, row, column);
      if (p.activation != Activation::identity) {
        const Quad<T> z = load_quad(p.pre_activation + offset, column, p.out, aligned);
#pragma unroll
        for (int e = 0; e < quad_size; ++e) grad.v[e] *= math::activate_grad(z.v[e], p.activation);
      }
      if (grad_pre != nullptr) store_quad(grad_pre + offset, column, p.out, aligned, grad);
#pragma unroll
      for (int e = 0; e < quad_size; ++e) sum.v[e] += grad.v[e];
    }
  }
  if (partials == nullptr) return;
  add_over_rows_of_threads(sum, shared_memory<Quad<T>>());
  if (threadIdx.y != 0 || column >= p.out) return;
  store_quad(partials + blockIdx.x * p.out, column, p.out, aligned, sum);
}

}  // namespace kernels

template <class T>
void linear_forward(Context<Cuda>& ctx, const LinearForward<T>& p) {
  T* z = p.pre_activation != nullptr ? p.pre_activation : p.y;
  gemm(ctx, GemmArgs<T>{.a = p.x, .b = p.weight, .c = z, .m = p.rows, .n = p.out, .k = p.in, .transpose_b = true});
  const bool finished = p.bias == nullptr && p.activation == Activation::identity && !p.dropout.active() && z == p.y &&
                        p.residual == nullptr;
  if (finished) return;
  const kernels::QuadGrid g(p.rows, p.out);
  cuda::launch(ctx, kernels::linear_fwd_quad_per_thread_kernel<T>, g.grid, g.block, 0, p, ctx.step_state(),
               p.gate_stride % kernels::quad_size == 0 &&
                   kernels::quads_aligned(p.out, p.bias, p.pre_activation, p.y, p.branch, p.residual, p.gate));
}

template <class T>
void linear_backward(Context<Cuda>& ctx, const LinearBackward<T>& p) {
  const bool changes = p.activation != Activation::identity || p.dropout.active();
  if (changes || p.grad_bias != nullptr) {
    const dim3 block(kernels::warp_lanes, 8);
    const std::int64_t strips = (p.out + block.x * kernels::quad_size - 1) / (block.x * kernels::quad_size);
    // About a thousand blocks, none with fewer than 32 rows; a function of the shape alone.
    const std::int64_t wanted = std::max<std::int64_t>(1, 1024 / std::max<std::int64_t>(1, strips));
    const std::int64_t chunk_rows = std::max<std::int64_t>(32, (p.rows + wanted - 1) / wanted);
    const std::int64_t n_chunks = (p.rows + chunk_rows - 1) / chunk_rows;
    T* partials = p.grad_bias != nullptr ? ctx.step_arena().template allocate<T>(n_chunks * p.out) : nullptr;
    cuda::launch(ctx, kernels::linear_bwd_column_strip_per_block_kernel<T>,
                 dim3(static_cast<unsigned>(n_chunks), static_cast<unsigned>(strips)), block,
                 block.x * block.y * sizeof(kernels::Quad<T>), p, ctx.step_state(), changes ? p.grad_pre : nullptr,
                 partials, chunk_rows,
                 kernels::quads_aligned(p.out, p.grad_y, p.pre_activation, changes ? p.grad_pre : nullptr));
    if (p.grad_bias != nullptr)
      kernels::sum_partials<T>(ctx, partials, n_chunks, 1, p.out, {p.grad_bias, p.write_bias});
  }
  const T* grad_z = changes ? p.grad_pre : p.grad_y;
  if (p.grad_weight != nullptr)
    gemm(ctx, GemmArgs<T>{.a = grad_z,
                          .b = p.x,
                          .c = p.grad_weight,
                          .m = p.out,
                          .n = p.in,
                          .k = p.rows,
                          .transpose_a = true,
                          .write = p.write_weight});
  if (p.grad_x != nullptr)
    gemm(ctx, GemmArgs<T>{
                  .a = grad_z, .b = p.weight, .c = p.grad_x, .m = p.rows, .n = p.in, .k = p.out, .write = p.write_x});
}

}  // namespace stx
