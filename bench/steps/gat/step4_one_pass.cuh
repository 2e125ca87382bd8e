// Step 4: the same warp carries the running maximum and sum of the softmax along and rescales what
// it has added so far when the maximum grows: one pass over the edges, and weights never exist.
//
// Two launches. Must move, per edge, the 4 bytes of its source alone, per node and feature 12;
// issues 4 bytes per edge and feature, and 256 per edge and head, because every lane loads and
// scores the same edge. Bound by the instructions of those repeated scores, then by gathered rows.
#pragma once

#include "step3_no_messages.cuh"

namespace stx::steps {

inline constexpr int gat_lane_columns = 4;  ///< heads of up to 128 dimensions

__global__ void gat_fwd_one_pass_kernel(GatProblem p) {
  const GatInputs<float>& in = p.forward.in;
  const std::int64_t at = warp_row();
  if (at >= in.graph.n_nodes * in.n_heads) return;
  const std::int64_t node = at / in.n_heads, head = at % in.n_heads, width = in.width();
  const int lane = static_cast<int>(threadIdx.x);
  const std::int64_t last = in.graph.indptr[node + 1];
  const float destination = p.forward.scores.destination[at];
  float largest = -std::numeric_limits<float>::infinity(), sum = 0;
  float out[gat_lane_columns] = {};
  for (std::int64_t e = in.graph.indptr[node]; e < last; ++e) {
    const std::int64_t from = in.graph.indices[e];
    const float score = math::edge_score(p.forward.scores.source[from * in.n_heads + head], destination, in.slope);
    const float before = largest;
    largest = score > largest ? score : largest;
    const float reference = math::softmax_reference(largest);
    const float correction = math::softmax_share(before - reference);
    const float share = math::softmax_share(score - reference);
    sum = sum * correction + share;
#pragma unroll
    for (int i = 0; i < gat_lane_columns; ++i) {
      const std::int64_t c = lane + i * kernels::warp_lanes;
      if (c < in.dim) out[i] = out[i] * correction + share * in.h[from * width + head * in.dim + c];
    }
  }
  if (lane == 0) p.forward.scores.lse[at] = sum == 0 ? 0.0f : math::softmax_reference(largest) + std::log(sum);
  const float inverse = sum == 0 ? 0.0f : 1.0f / sum;
#pragma unroll
  for (int i = 0; i < gat_lane_columns; ++i) {
    const std::int64_t c = lane + i * kernels::warp_lanes;
    if (c < in.dim) p.forward.out[at * in.dim + c] = out[i] * inverse;
  }
}

inline void gat_one_pass(Context<Cuda>& ctx, const GatProblem& p) {
  const GatSizes s(p);
  launch_elements(ctx, gat_fwd_dots_kernel, s.node_heads, p);
  launch_warps(ctx, gat_fwd_one_pass_kernel, s.node_heads, p);
}

inline Traffic gat_one_pass_traffic(const GatProblem& p) {
  const GatSizes s(p);
  const Traffic pass{s.indptr + 4 * s.edges + 12 * s.node_heads + 8 * s.values,
                     kernels::warp_lanes * (20 * s.node_heads + 8 * s.edge_heads) + 4 * s.node_heads +
                         4 * s.edge_values + 4 * s.values,
                     1};
  return gat_dots_traffic(s) + pass;
}

/// The library's kernels: a lane owns an edge for its score, then a group of lanes its features,
/// four at a time.
inline Traffic gat_library_traffic(const GatProblem& p) {
  const GatSizes s(p);
  const Traffic pass{
      s.indptr + 4 * s.edges + 12 * s.node_heads + 8 * s.values,
      kernels::warp_lanes * 20 * s.node_heads + 8 * s.edge_heads + 4 * s.node_heads + 4 * s.edge_values + 4 * s.values,
      1};
  return gat_dots_traffic(s) + pass;
}

}  // namespace stx::steps
