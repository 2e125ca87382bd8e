// Random row numbers: one thread draws one. 4 bytes and one Philox call (about 100 integer
// operations) per number; for a batch of thousands bound by the latency of the launch.
#pragma once

#include "stx/backend/cuda/launch.cuh"
#include "stx/backend/draw_rows.hpp"

namespace stx {
namespace kernels {

template <class T>
__global__ void draw_rows_fwd_number_per_thread_kernel(DrawRows<T> p, const StepState* state) {
  const std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < p.count) p.rows[i] = math::drawn_row(*state, p.site, i, p.n);
}

}  // namespace kernels

template <class T>
void draw_rows(Context<Cuda>& ctx, const DrawRows<T>& p) {
  cuda::launch(ctx, kernels::draw_rows_fwd_number_per_thread_kernel<T>, dim3(cuda::blocks_for(p.count, 256)), dim3(256),
               0, p, ctx.step_state());
}

}  // namespace stx
