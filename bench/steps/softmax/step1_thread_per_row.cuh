// Step 1, naive: a thread owns a row and walks it three times (maximum, sum, result).
//
// Must move 8 bytes an element (read once, written once); issues 16 (read three times, written
// once). One launch. Bound by latency and by wasted sectors: the lanes of a warp read addresses a
// whole row apart, so every load fetches 32 sectors of 32 bytes for 4 bytes each, and there are
// only as many threads as rows.
#pragma once

#include "../thread_index.cuh"
#include "stx/backend/softmax.hpp"
#include "stx/math/softmax.hpp"

namespace stx::steps {

__global__ void softmax_fwd_thread_per_row_kernel(SoftmaxForward<float> a) {
  const std::int64_t row = thread_element();
  if (row >= a.rows) return;
  const float* x = a.x + row * a.n;
  float* y = a.y + row * a.n;
  float largest = math::softmax_lowest<float>();
  for (std::int64_t j = 0; j < a.n; ++j) {
    const float value = x[j];
    largest = value > largest ? value : largest;
  }
  float sum = 0;
  for (std::int64_t j = 0; j < a.n; ++j) sum += math::softmax_exp(a.scale * (x[j] - largest));
  const float inverse = math::softmax_inverse(sum);
  for (std::int64_t j = 0; j < a.n; ++j) y[j] = math::softmax_exp(a.scale * (x[j] - largest)) * inverse;
}

inline void softmax_thread_per_row(Context<Cuda>& ctx, const SoftmaxForward<float>& a) {
  launch_elements(ctx, softmax_fwd_thread_per_row_kernel, a.rows, a);
}

/// The traffic of three passes over rows in one launch: of this step and of the next two.
inline Traffic softmax_three_passes(const SoftmaxForward<float>& a) { return {8 * a.rows * a.n, 16 * a.rows * a.n, 1}; }

}  // namespace stx::steps
