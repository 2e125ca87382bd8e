// Random gamma and Poisson numbers: one thread draws one entry. Reads its parameter, writes a
// number: 8 bytes an element. Two or three Philox calls and a handful of exp and log when the first
// attempt is accepted, as nearly all are: about 300 operations, bound by instructions; threads of a
// warp that need another attempt hold up the others.
#pragma once

#include "stx/backend/cuda/launch.cuh"
#include "stx/backend/sample_variates.hpp"

namespace stx {
namespace kernels {

template <class T>
__global__ void sample_variates_fwd_entry_per_thread_kernel(SampleVariates<T> p, const StepState* state) {
  const std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < p.rows * p.cols) p.out[i] = sampled_variate(p, *state, i / p.cols, i % p.cols);
}

}  // namespace kernels

template <class T>
void sample_variates(Context<Cuda>& ctx, const SampleVariates<T>& p) {
  cuda::launch(ctx, kernels::sample_variates_fwd_entry_per_thread_kernel<T>,
               dim3(cuda::blocks_for(p.rows * p.cols, 256)), dim3(256), 0, p, ctx.step_state());
}

}  // namespace stx
