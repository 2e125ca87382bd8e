// Sum of absolute errors.
//
// Forward: a group of lanes (a warp for narrow rows, a block for wide ones) sums one row: 8 bytes and 2
// FLOP per element, bound by memory bandwidth; then one block adds the row sums in a fixed order.
// Backward: one thread writes one quad: 12 bytes and 2 FLOP per element.
#pragma once

#include <cmath>

#include "stx/backend/cuda/launch.cuh"
#include "stx/backend/l1_loss.hpp"
#include "stx/math/l1_loss.hpp"
#include "stx_kernels/detail/row_group.cuh"

namespace stx {
namespace kernels {

template <class T>
__global__ void l1_loss_fwd_row_per_group_kernel(L1LossForward<T> p, StepState* state, bool aligned) {
  const std::int64_t row = static_cast<std::int64_t>(blockIdx.x) * blockDim.y + threadIdx.y;
  const bool active = row < p.rows;
  const std::int64_t offset = active ? row * p.cols : 0;
  T sum = 0;
  if (active) {
#pragma unroll 4
    for (std::int64_t column = threadIdx.x * quad_size; column < p.cols; column += blockDim.x * quad_size) {
      const Quad<T> y = load_quad(p.y + offset, column, p.cols, aligned);
      const Quad<T> target = load_quad(p.target + offset, column, p.cols, aligned);
#pragma unroll
      for (int e = 0; e < quad_size; ++e) sum += std::abs(y.v[e] - target.v[e]);  // 0 past the end of a row
    }
  }
  sum = row_sum(sum, shared_memory<T>());
  if (!active || threadIdx.x != 0) return;
  p.row_sums[row] = sum;
  // The smallest key wins in any order of arrival.
  if (!std::isfinite(sum))
    atomicMin(reinterpret_cast<unsigned long long*>(&state->first_bad),
              static_cast<unsigned long long>(bad_key(state->step, row, p.term)));
}

/// One block; sums in double, for there may be millions of rows.
template <class T>
__global__ void l1_loss_fwd_total_one_block_kernel(L1LossForward<T> p) {
  double sum = 0;
#pragma unroll 4
  for (std::int64_t row = threadIdx.x; row < p.rows; row += blockDim.x) sum += static_cast<double>(p.row_sums[row]);
  sum = row_sum(sum, shared_memory<double>());
  if (threadIdx.x == 0) *p.loss = static_cast<T>(static_cast<double>(p.weight) * sum);
}

template <class T>
__global__ void l1_loss_bwd_quad_per_thread_kernel(L1LossBackward<T> p, bool aligned) {
  const std::int64_t size = p.rows * p.cols;
  const std::int64_t i = FlatGrid::column();
  if (i >= size) return;
  const T factor = p.weight * *p.grad_loss;
  const Quad<T> y = load_quad(p.y, i, size, aligned);
  const Quad<T> target = load_quad(p.target, i, size, aligned);
  Quad<T> grad;
#pragma unroll
  for (int e = 0; e < quad_size; ++e) grad.v[e] = factor * math::sign(y.v[e] - target.v[e]);
  write_quad(p.grad_y, i, size, aligned, grad, p.write_y);
}

}  // namespace kernels

template <class T>
void l1_loss_forward(Context<Cuda>& ctx, const L1LossForward<T>& p) {
  const dim3 block = kernels::row_group_block(p.cols);
  cuda::launch(ctx, kernels::l1_loss_fwd_row_per_group_kernel<T>, dim3(cuda::blocks_for(p.rows, block.y)), block,
               kernels::row_sum_scratch * sizeof(T), p, ctx.step_state(),
               kernels::quads_aligned(p.cols, p.y, p.target));
  cuda::launch(ctx, kernels::l1_loss_fwd_total_one_block_kernel<T>, dim3(1), dim3(256),
               kernels::row_sum_scratch * sizeof(double), p);
}

template <class T>
void l1_loss_backward(Context<Cuda>& ctx, const L1LossBackward<T>& p) {
  const std::int64_t size = p.rows * p.cols;
  const kernels::FlatGrid g(size);
  cuda::launch(ctx, kernels::l1_loss_bwd_quad_per_thread_kernel<T>, g.grid, g.block, 0, p,
               kernels::quads_aligned(size, p.y, p.target, p.grad_y));
}

}  // namespace stx
