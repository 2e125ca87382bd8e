// (Masked) mean squared error.
//
// Forward: a group of lanes (a warp for narrow rows, a block for wide ones) sums one row: 8 bytes
// (12 with a mask) and 3 FLOP per element, bound by memory bandwidth; then one block adds the row
// sums in a fixed order. Backward: one thread writes one quad: 12 bytes (16) and 3 FLOP per
// element.
#pragma once

#include <cmath>

#include "stx/backend/cuda/launch.cuh"
#include "stx/backend/mse.hpp"
#include "stx_kernels/detail/row_group.cuh"

namespace stx {
namespace kernels {

template <class T>
__global__ void mse_fwd_row_per_group_kernel(MseForward<T> p, StepState* state, bool aligned) {
  const GroupRow row(p.rows, p.cols);
  T squares = 0;
  T count = 0;
#pragma unroll 4
  for (std::int64_t column = threadIdx.x * quad_size; column < row.columns;
       column += blockDim.x * quad_size) {
    const Quad<T> y = load_quad(p.y + row.offset, column, p.cols, aligned);
    const Quad<T> target = load_quad(p.target + row.offset, column, p.cols, aligned);
    Quad<T> mask{{T(1), T(1), T(1), T(1)}};
    if (p.mask != nullptr) mask = load_quad(p.mask + row.offset, column, p.cols, aligned);
#pragma unroll
    for (int e = 0; e < quad_size; ++e) {
      const T error = y.v[e] - target.v[e];
      // A masked entry contributes nothing, whatever it holds. Past the end of a row all are zero.
      squares += mask.v[e] != T(0) ? mask.v[e] * error * error : T(0);
      count += mask.v[e];
    }
  }
  T* scratch = shared_memory<T>();
  squares = row_sum(squares, scratch);
  if (p.mask != nullptr) {
    count = row_sum(count, scratch);
  } else {
    count = static_cast<T>(p.cols);
  }
  if (!row.active || threadIdx.x != 0) return;
  p.row_sums[2 * row.index] = squares;
  p.row_sums[2 * row.index + 1] = count;
  // The smallest key wins in any order of arrival.
  if (!std::isfinite(squares))
    atomicMin(reinterpret_cast<unsigned long long*>(&state->first_bad),
              static_cast<unsigned long long>(bad_key(state->step, row.index, p.term)));
}

/// One block; sums in double, for there may be millions of rows.
template <class T>
__global__ void mse_fwd_total_one_block_kernel(MseForward<T> p) {
  double squares = 0;
  double count = 0;
#pragma unroll 4
  for (std::int64_t row = threadIdx.x; row < p.rows; row += blockDim.x) {
    squares += static_cast<double>(p.row_sums[2 * row]);
    count += static_cast<double>(p.row_sums[2 * row + 1]);
  }
  write_mean(squares, count, p.weight, p.loss, p.divisor);
}

template <class T>
__global__ void mse_bwd_quad_per_thread_kernel(MseBackward<T> p, bool aligned) {
  const std::int64_t size = p.rows * p.cols;
  const std::int64_t i = FlatGrid::column();
  if (i >= size) return;
  const T factor = T(2) * p.weight * *p.grad_loss / *p.divisor;
  const Quad<T> y = load_quad(p.y, i, size, aligned);
  const Quad<T> target = load_quad(p.target, i, size, aligned);
  Quad<T> mask{{T(1), T(1), T(1), T(1)}};
  if (p.mask != nullptr) mask = load_quad(p.mask, i, size, aligned);
  Quad<T> grad;
#pragma unroll
  for (int e = 0; e < quad_size; ++e)
    grad.v[e] = mask.v[e] != T(0) ? factor * mask.v[e] * (y.v[e] - target.v[e]) : T(0);
  write_quad(p.grad_y, i, size, aligned, grad, p.write_y);
}

}  // namespace kernels

template <class T>
void mse_forward(Context<Cuda>& ctx, const MseForward<T>& p) {
  const dim3 block = kernels::row_group_block(p.cols);
  cuda::launch(ctx, kernels::mse_fwd_row_per_group_kernel<T>,
               dim3(cuda::blocks_for(p.rows, block.y)), block, kernels::row_sum_scratch * sizeof(T),
               p, ctx.step_state(), kernels::quads_aligned(p.cols, p.y, p.target, p.mask));
  cuda::launch(ctx, kernels::mse_fwd_total_one_block_kernel<T>, dim3(1), dim3(256),
               kernels::row_sum_scratch * sizeof(double), p);
}

template <class T>
void mse_backward(Context<Cuda>& ctx, const MseBackward<T>& p) {
  const std::int64_t size = p.rows * p.cols;
  const kernels::FlatGrid g(size);
  cuda::launch(ctx, kernels::mse_bwd_quad_per_thread_kernel<T>, g.grid, g.block, 0, p,
               kernels::quads_aligned(size, p.y, p.target, p.mask, p.grad_y));
}

}  // namespace stx
