// Cross entropy of softmax against integer labels.
//
// Forward: a group of lanes owns a row: maximum, then sum, the second time from cache; 4 bytes and
// 20 FLOP per element; then one block adds the rows' terms in a fixed order. Backward: one thread
// per element: 8 bytes and 20 FLOP. Bound by memory bandwidth.
#pragma once

#include <cmath>
#include <limits>

#include "stx/backend/cross_entropy.hpp"
#include "stx/backend/cuda/launch.cuh"
#include "stx_kernels/detail/bad_row.cuh"
#include "stx_kernels/detail/observed_lse.cuh"

namespace stx {
namespace kernels {

template <class T>
__global__ void cross_entropy_fwd_row_per_group_kernel(CrossEntropyForward<T> p, bool aligned) {
  const GroupRow row(p.rows, p.classes);
  const T* a = p.logits + row.offset;
  const T lse = observed_lse<T>(a, nullptr, row.columns, shared_memory<T>(), aligned);
  if (!row.active || threadIdx.x != 0) return;
  const std::int32_t label = p.labels[row.index];
  p.lse[row.index] = lse;
  T term = 0;
  if (label != p.ignored) term = label >= 0 && label < p.classes ? lse - a[label] : std::numeric_limits<T>::quiet_NaN();
  p.terms[row.index] = term;
}

/// One block; sums in double.
template <class T>
__global__ void cross_entropy_fwd_total_one_block_kernel(CrossEntropyForward<T> p, StepState* state) {
  double sum = 0;
  double count = 0;
  for (std::int64_t row = threadIdx.x; row < p.rows; row += blockDim.x) {
    const T term = p.terms[row];
    sum += static_cast<double>(term);
    count += p.labels[row] != p.ignored ? 1.0 : 0.0;
    if (!std::isfinite(term)) record_bad_row(state, row, p.term);
  }
  write_mean(sum, count, p.weight, p.loss, p.divisor);
}

template <class T>
__global__ void cross_entropy_bwd_element_per_thread_kernel(CrossEntropyBackward<T> p) {
  const std::int64_t k = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (k >= p.rows * p.classes) return;
  const std::int64_t row = k / p.classes;
  const std::int32_t label = p.labels[row];
  const T factor = p.weight * *p.grad_loss / *p.divisor;
  const T own = k % p.classes == label ? T(1) : T(0);
  const T grad = label == p.ignored ? T(0) : factor * (math::exp(p.logits[k] - p.lse[row]) - own);
  write_grad(p.grad_logits + k, grad, p.write_logits);
}

}  // namespace kernels

template <class T>
void cross_entropy_forward(Context<Cuda>& ctx, const CrossEntropyForward<T>& p) {
  const dim3 block = kernels::row_group_block(p.classes);
  cuda::launch(ctx, kernels::cross_entropy_fwd_row_per_group_kernel<T>, dim3(cuda::blocks_for(p.rows, block.y)), block,
               kernels::row_sum_scratch * sizeof(T), p, kernels::quads_aligned(p.classes, p.logits));
  cuda::launch(ctx, kernels::cross_entropy_fwd_total_one_block_kernel<T>, dim3(1), dim3(256),
               kernels::row_sum_scratch * sizeof(double), p, ctx.step_state());
}

template <class T>
void cross_entropy_backward(Context<Cuda>& ctx, const CrossEntropyBackward<T>& p) {
  cuda::launch(ctx, kernels::cross_entropy_bwd_element_per_thread_kernel<T>,
               dim3(cuda::blocks_for(p.rows * p.classes, 256)), dim3(256), 0, p);
}

}  // namespace stx
