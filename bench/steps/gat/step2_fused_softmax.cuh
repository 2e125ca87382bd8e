// Step 2: the softmax over a node's edges is one kernel with a running maximum and sum; scores are
// computed where they are needed, twice, instead of being stored. Only weights and messages remain.
//
// Four launches. Must move, per edge and feature, 8 bytes, per edge and head 8, per node and
// feature 12; issues 20, 20 and 32. Bound by memory bandwidth as before: the messages are
// untouched.
#pragma once

#include "step1_separate_kernels.cuh"

namespace stx::steps {

/// One thread a node and head.
__global__ void gat_fwd_softmax_kernel(GatProblem p) {
  const GatInputs<float>& in = p.forward.in;
  const std::int64_t at = thread_element();
  if (at >= in.graph.n_nodes * in.n_heads) return;
  const std::int64_t node = at / in.n_heads, head = at % in.n_heads;
  const std::int64_t first = in.graph.indptr[node], last = in.graph.indptr[node + 1];
  const float destination = p.forward.scores.destination[at];
  const float* source = p.forward.scores.source;
  const auto score = [&](std::int64_t e) {
    const std::int64_t from = in.graph.indices[e];
    return math::edge_score(source[from * in.n_heads + head], destination, in.slope);
  };
  float largest = -std::numeric_limits<float>::infinity(), sum = 0;
  for (std::int64_t e = first; e < last; ++e) {
    const float value = score(e), before = largest;
    largest = value > largest ? value : largest;
    const float reference = math::softmax_reference(largest);
    sum = sum * math::softmax_share(before - reference) + math::softmax_share(value - reference);
  }
  const float lse = sum == 0 ? 0.0f : math::softmax_reference(largest) + std::log(sum);
  p.forward.scores.lse[at] = lse;
  for (std::int64_t e = first; e < last; ++e) p.weight[e * in.n_heads + head] = math::softmax_share(score(e) - lse);
}

inline void gat_fused_softmax(Context<Cuda>& ctx, const GatProblem& p) {
  const GatSizes s(p);
  launch_elements(ctx, gat_fwd_dots_kernel, s.node_heads, p);
  launch_elements(ctx, gat_fwd_softmax_kernel, s.node_heads, p);
  launch_elements(ctx, gat_fwd_message_kernel, s.edge_values, p);
  launch_elements(ctx, gat_fwd_sum_kernel, s.values, p);
}

inline Traffic gat_softmax_traffic(const GatSizes& s) {
  return {s.indptr + 4 * s.edges + 12 * s.node_heads + 4 * s.edge_heads, 24 * s.node_heads + 20 * s.edge_heads, 1};
}

inline Traffic gat_fused_softmax_traffic(const GatProblem& p) {
  const GatSizes s(p);
  return gat_dots_traffic(s) + gat_softmax_traffic(s) + gat_messages_traffic(s);
}

}  // namespace stx::steps
