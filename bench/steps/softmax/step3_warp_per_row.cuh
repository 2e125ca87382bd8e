// Step 3: a warp owns a row; shuffles replace shared memory, so that there is no barrier at all.
//
// Must move 8 bytes an element, issues 16. One launch. Bound by the bandwidth of the caches, which
// serve the second and third reading: eight rows a block, each at its own pace.
#pragma once

#include "step1_thread_per_row.cuh"

namespace stx::steps {

__global__ void softmax_fwd_warp_per_row_kernel(SoftmaxForward<float> a) {
  const std::int64_t row = warp_row();
  if (row >= a.rows) return;
  const float* x = a.x + row * a.n;
  float* y = a.y + row * a.n;
  float largest = math::softmax_lowest<float>();
  for (std::int64_t j = threadIdx.x; j < a.n; j += kernels::warp_lanes) {
    const float value = x[j];
    largest = value > largest ? value : largest;
  }
  largest = kernels::warp_max(largest);
  float sum = 0;
  for (std::int64_t j = threadIdx.x; j < a.n; j += kernels::warp_lanes)
    sum += math::softmax_exp(a.scale * (x[j] - largest));
  const float inverse = math::softmax_inverse(kernels::warp_sum(sum));
  for (std::int64_t j = threadIdx.x; j < a.n; j += kernels::warp_lanes)
    y[j] = math::softmax_exp(a.scale * (x[j] - largest)) * inverse;
}

inline void softmax_warp_per_row(Context<Cuda>& ctx, const SoftmaxForward<float>& a) {
  launch_warps(ctx, softmax_fwd_warp_per_row_kernel, a.rows, a);
}

}  // namespace stx::steps
