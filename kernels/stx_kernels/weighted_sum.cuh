// A scalar from one value per row.
//
// Forward: one block; a thread adds every 256th row, in double, then the threads in a fixed order.
// Rows are those of a batch (thousands): the time is that of a launch. Backward: one thread per
// row, 8 bytes.
#pragma once

#include <cmath>

#include "stx/backend/cuda/launch.cuh"
#include "stx/backend/weighted_sum.hpp"
#include "stx_kernels/detail/bad_row.cuh"
#include "stx_kernels/detail/row_group.cuh"

namespace stx {
namespace kernels {

template <class T>
__global__ void weighted_sum_fwd_one_block_kernel(WeightedSumForward<T> p, StepState* state) {
  double sum = 0;
  for (std::int64_t i = threadIdx.x; i < p.rows; i += blockDim.x) {
    const T weight = p.weights != nullptr ? p.weights[i] : T(1);
    const T value = weight != T(0) ? weight * p.values[i] : T(0);
    sum += static_cast<double>(value);
    if (!std::isfinite(value)) record_bad_row(state, i, p.term);
  }
  sum = row_sum(sum, shared_memory<double>());
  if (threadIdx.x != 0) return;
  const double scale = p.scale != nullptr ? static_cast<double>(*p.scale) : 1.0;
  *p.loss = static_cast<T>(static_cast<double>(p.factor) * scale * sum);
}

template <class T>
__global__ void weighted_sum_bwd_row_per_thread_kernel(WeightedSumBackward<T> p) {
  const std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= p.rows) return;
  const T factor = p.factor * (p.scale != nullptr ? *p.scale : T(1)) * *p.grad_loss;
  write_grad(p.grad_values + i, p.weights != nullptr ? factor * p.weights[i] : factor, p.write_values);
}

}  // namespace kernels

template <class T>
void weighted_sum_forward(Context<Cuda>& ctx, const WeightedSumForward<T>& p) {
  cuda::launch(ctx, kernels::weighted_sum_fwd_one_block_kernel<T>, dim3(1), dim3(256),
               kernels::row_sum_scratch * sizeof(double), p, ctx.step_state());
}

template <class T>
void weighted_sum_backward(Context<Cuda>& ctx, const WeightedSumBackward<T>& p) {
  cuda::launch(ctx, kernels::weighted_sum_bwd_row_per_thread_kernel<T>, dim3(cuda::blocks_for(p.rows, 256)), dim3(256),
               0, p);
}

}  // namespace stx
