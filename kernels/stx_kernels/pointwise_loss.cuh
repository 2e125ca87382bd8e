// Losses that sum a function of y - target over (masked) entries: squared and absolute errors.
//
// Forward: a group of lanes (a warp for narrow rows, a block for wide ones) sums one row: 8 bytes
// (12 with a mask) and 3 FLOP per element, bound by memory bandwidth; then one block adds the row
// sums in a fixed order. Backward: one thread writes one quad: 12 bytes (16) and 3 FLOP per
// element.
#pragma once

#include <cmath>

#include "stx/backend/cuda/launch.cuh"
#include "stx/backend/pointwise_loss.hpp"
#include "stx/math/pointwise_loss.hpp"
#include "stx_kernels/detail/bad_row.cuh"
#include "stx_kernels/detail/row_group.cuh"

namespace stx {
namespace kernels {

template <class T, class Entry>
__global__ void pointwise_loss_fwd_row_per_group_kernel(PointwiseLossForward<T> p, StepState* state, bool aligned) {
  const PointwiseLoss<T>& in = p.in;
  const GroupRow row(in.rows, in.cols);
  T sum = 0;
  T count = 0;
#pragma unroll 4
  for (std::int64_t column = threadIdx.x * quad_size; column < row.columns; column += blockDim.x * quad_size) {
    const Quad<T> y = load_quad(in.y + row.offset, column, in.cols, aligned);
    const Quad<T> target = load_quad(in.target + row.offset, column, in.cols, aligned);
    Quad<T> mask{{T(1), T(1), T(1), T(1)}};
    if (in.mask != nullptr) mask = load_quad(in.mask + row.offset, column, in.cols, aligned);
#pragma unroll
    for (int e = 0; e < quad_size; ++e) {
      // A masked entry contributes nothing, whatever it holds. Past the end of a row all are zero.
      sum += mask.v[e] != T(0) ? mask.v[e] * Entry::value(y.v[e] - target.v[e]) : T(0);
      count += mask.v[e];
    }
  }
  T* scratch = shared_memory<T>();
  sum = row_sum(sum, scratch);
  count = in.mask != nullptr ? row_sum(count, scratch) : static_cast<T>(in.cols);
  if (!row.active || threadIdx.x != 0) return;
  p.row_sums[2 * row.index] = sum;
  p.row_sums[2 * row.index + 1] = in.mean ? count : T(0);
  if (!std::isfinite(sum)) record_bad_row(state, row.index, p.term);
}

/// One block; sums in double, for there may be millions of rows.
template <class T>
__global__ void pointwise_loss_fwd_total_one_block_kernel(PointwiseLossForward<T> p) {
  double sum = 0;
  double count = 0;
#pragma unroll 4
  for (std::int64_t row = threadIdx.x; row < p.in.rows; row += blockDim.x) {
    sum += static_cast<double>(p.row_sums[2 * row]);
    count += static_cast<double>(p.row_sums[2 * row + 1]);
  }
  write_mean(sum, count, p.in.weight, p.loss, p.divisor);
}

template <class T, class Entry>
__global__ void pointwise_loss_bwd_quad_per_thread_kernel(PointwiseLossBackward<T> p, bool aligned) {
  const PointwiseLoss<T>& in = p.in;
  const std::int64_t size = in.rows * in.cols;
  const std::int64_t i = FlatGrid::column();
  if (i >= size) return;
  const T factor = T(Entry::scale) * in.weight * *p.grad_loss / *p.divisor;
  const Quad<T> y = load_quad(in.y, i, size, aligned);
  const Quad<T> target = load_quad(in.target, i, size, aligned);
  Quad<T> mask{{T(1), T(1), T(1), T(1)}};
  if (in.mask != nullptr) mask = load_quad(in.mask, i, size, aligned);
  Quad<T> grad;
#pragma unroll
  for (int e = 0; e < quad_size; ++e)
    grad.v[e] = mask.v[e] != T(0) ? factor * mask.v[e] * Entry::slope(y.v[e] - target.v[e]) : T(0);
  write_quad(p.grad_y, i, size, aligned, grad, p.write_y);
}

}  // namespace kernels

template <class T>
void pointwise_loss_forward(Context<Cuda>& ctx, const PointwiseLossForward<T>& p) {
  const PointwiseLoss<T>& in = p.in;
  const dim3 block = kernels::row_group_block(in.cols);
  const auto rows = in.entry == EntryLoss::squared
                        ? kernels::pointwise_loss_fwd_row_per_group_kernel<T, math::SquaredError>
                        : kernels::pointwise_loss_fwd_row_per_group_kernel<T, math::AbsoluteError>;
  cuda::launch(ctx, rows, dim3(cuda::blocks_for(in.rows, block.y)), block, kernels::row_sum_scratch * sizeof(T), p,
               ctx.step_state(), kernels::quads_aligned(in.cols, in.y, in.target, in.mask));
  cuda::launch(ctx, kernels::pointwise_loss_fwd_total_one_block_kernel<T>, dim3(1), dim3(256),
               kernels::row_sum_scratch * sizeof(double), p);
}

template <class T>
void pointwise_loss_backward(Context<Cuda>& ctx, const PointwiseLossBackward<T>& p) {
  const PointwiseLoss<T>& in = p.in;
  const std::int64_t size = in.rows * in.cols;
  const kernels::FlatGrid g(size);
  const auto quads = in.entry == EntryLoss::squared
                         ? kernels::pointwise_loss_bwd_quad_per_thread_kernel<T, math::SquaredError>
                         : kernels::pointwise_loss_bwd_quad_per_thread_kernel<T, math::AbsoluteError>;
  cuda::launch(ctx, quads, g.grid, g.block, 0, p, kernels::quads_aligned(size, in.y, in.target, in.mask, p.grad_y));
}

}  // namespace stx
