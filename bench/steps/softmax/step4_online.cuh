// Step 4: each lane keeps a running maximum and the sum of exponentials relative to it, so that one
// pass finds both; lanes are reconciled once, at the end of the row.
//
// Must move 8 bytes an element, issues 12 (read twice, written once). One launch. Bound by memory
// bandwidth and, in each lane, by a chain of one exponential after the other: loads are four bytes
// wide and few of them are in flight.
#pragma once

#include "step1_thread_per_row.cuh"

namespace stx::steps {

__global__ void softmax_fwd_online_kernel(SoftmaxForward<float> a) {
  const std::int64_t row = warp_row();
  if (row >= a.rows) return;
  const float* x = a.x + row * a.n;
  float* y = a.y + row * a.n;
  float mine = math::softmax_lowest<float>();
  float sum = 0;
  for (std::int64_t j = threadIdx.x; j < a.n; j += kernels::warp_lanes) {
    const float value = x[j];
    const float before = mine;
    mine = value > mine ? value : mine;
    sum = sum * math::softmax_exp(a.scale * (before - mine)) + math::softmax_exp(a.scale * (value - mine));
  }
  const float largest = kernels::warp_max(mine);
  sum *= math::softmax_exp(a.scale * (mine - largest));
  const float inverse = math::softmax_inverse(kernels::warp_sum(sum));
  for (std::int64_t j = threadIdx.x; j < a.n; j += kernels::warp_lanes)
    y[j] = math::softmax_exp(a.scale * (x[j] - largest)) * inverse;
}

inline void softmax_online(Context<Cuda>& ctx, const SoftmaxForward<float>& a) {
  launch_warps(ctx, softmax_fwd_online_kernel, a.rows, a);
}

/// The traffic of two passes: of this step and of the library's kernel.
inline Traffic softmax_two_passes(const SoftmaxForward<float>& a) { return {8 * a.rows * a.n, 12 * a.rows * a.n, 1}; }

}  // namespace stx::steps
