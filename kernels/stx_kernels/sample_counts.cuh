// Random counts: one thread draws one entry. Reads log_mu (and log_theta, zeta where given per
// entry), writes the count: 8 to 16 bytes an element. Two Philox calls and a handful of exp and log
// when the first attempts are accepted, as nearly all are: about 500 operations, bound by
// instructions; threads of a warp that need another attempt hold up the others.
#pragma once

#include "stx/backend/cuda/launch.cuh"
#include "stx/backend/sample_counts.hpp"

namespace stx {
namespace kernels {

template <class T>
__global__ void sample_counts_fwd_entry_per_thread_kernel(SampleCounts<T> p, const StepState* state) {
  const std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < p.rows * p.cols) p.counts[i] = sampled_count(p, *state, i / p.cols, i % p.cols);
}

}  // namespace kernels

template <class T>
void sample_counts(Context<Cuda>& ctx, const SampleCounts<T>& p) {
  cuda::launch(ctx, kernels::sample_counts_fwd_entry_per_thread_kernel<T>, dim3(cuda::blocks_for(p.rows * p.cols, 256)),
               dim3(256), 0, p, ctx.step_state());
}

}  // namespace stx
