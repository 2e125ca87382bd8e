// Step 3: a warp owns a destination node and a head and adds weight times source row as it goes,
// one lane a feature: messages never exist.
//
// Three launches. Must move, per edge and feature, nothing if features stay in the L2 cache (4
// bytes if not), per edge and head 8, per node and feature 12; issues 12 per edge and feature.
// Bound by the bandwidth of gathered rows; heads of less than 32 dimensions leave lanes idle.
#pragma once

#include "step2_fused_softmax.cuh"

namespace stx::steps {

__global__ void gat_fwd_aggregate_kernel(GatProblem p) {
  const GatInputs<float>& in = p.forward.in;
  const std::int64_t at = warp_row();
  if (at >= in.graph.n_nodes * in.n_heads) return;
  const std::int64_t node = at / in.n_heads, head = at % in.n_heads, width = in.width();
  const std::int64_t first = in.graph.indptr[node], last = in.graph.indptr[node + 1];
  for (std::int64_t c = threadIdx.x; c < in.dim; c += kernels::warp_lanes) {
    const float* h = in.h + head * in.dim + c;
    float sum = 0;
    for (std::int64_t e = first; e < last; ++e) sum += p.weight[e * in.n_heads + head] * h[in.graph.indices[e] * width];
    p.forward.out[at * in.dim + c] = sum;
  }
}

inline void gat_no_messages(Context<Cuda>& ctx, const GatProblem& p) {
  const GatSizes s(p);
  launch_elements(ctx, gat_fwd_dots_kernel, s.node_heads, p);
  launch_elements(ctx, gat_fwd_softmax_kernel, s.node_heads, p);
  launch_warps(ctx, gat_fwd_aggregate_kernel, s.node_heads, p);
}

inline Traffic gat_no_messages_traffic(const GatProblem& p) {
  const GatSizes s(p);
  const Traffic aggregate{s.indptr + 4 * s.edges + 4 * s.edge_heads + 8 * s.values,
                          kernels::warp_lanes * 16 * s.node_heads + 12 * s.edge_values + 4 * s.values, 1};
  return gat_dots_traffic(s) + gat_softmax_traffic(s) + aggregate;
}

}  // namespace stx::steps
