// Sampling of neighbours without replacement.
//
// A thread owns one node and keeps the sorted places it has chosen in its row of the result: one
// Philox call for four draws (computed anew for each), about size^2 / 4 moves. Reads two row pointers
// and `size` scattered edges, writes 4 size bytes: bound by the latency of those reads.
#pragma once

#include "stx/backend/cuda/launch.cuh"
#include "stx/backend/neighbour_sample.hpp"

namespace stx {
namespace kernels {

// A template only so that several translation units may contain it.
template <class State>
__global__ void neighbour_sample_fwd_node_per_thread_kernel(NeighbourSample p, const State* state) {
  const std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < p.n) math::sample_row(p, *state, i);
}

}  // namespace kernels

// "used": the compiled library must contain it for callers that see the declaration alone.
[[gnu::used]] inline void neighbour_sample(Context<Cuda>& ctx, const NeighbourSample& p) {
  cuda::launch(ctx, kernels::neighbour_sample_fwd_node_per_thread_kernel<StepState>, dim3(cuda::blocks_for(p.n, 128)),
               dim3(128), 0, p, ctx.step_state());
}

}  // namespace stx
