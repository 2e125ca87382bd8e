// One random member of each row's list: one thread draws one. A row number, one scattered word of the
// lists and one Philox call (about 100 integer operations): for batches of thousands bound by the
// latency of the launch.
#pragma once

#include "stx/backend/cuda/launch.cuh"
#include "stx/backend/draw_partners.hpp"

namespace stx {
namespace kernels {

template <class T>
__global__ void draw_partners_fwd_draw_per_thread_kernel(DrawPartners<T> p, const StepState* state) {
  const std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < p.count) p.partners[i] = p.partner(p.word(*state, i), i);
}

}  // namespace kernels

template <class T>
void draw_partners(Context<Cuda>& ctx, const DrawPartners<T>& p) {
  cuda::launch(ctx, kernels::draw_partners_fwd_draw_per_thread_kernel<T>, dim3(cuda::blocks_for(p.count, 256)),
               dim3(256), 0, p, ctx.step_state());
}

}  // namespace stx
