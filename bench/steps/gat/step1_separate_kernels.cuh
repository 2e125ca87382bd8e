// Step 1, naive: each operation of the formula is a kernel, and every array between them is stored:
// scores, weights (edges x heads) and messages (edges x features), as a framework without fused
// operators does it.
//
// Seven launches, one thread an element each. Must move, per edge and feature, 8 bytes (the message
// written and read), per edge and head 24, per node and feature 12; issues 20, 44 and 32. Bound by
// memory bandwidth: with 20 edges a node the messages are twenty times the size of the features.
// Sums go over the rows of CSR: a scatter with atomics would need no row pointers, but would add in
// a different order each time.
#pragma once

#include <cmath>
#include <limits>

#include "../thread_index.cuh"
#include "ladder.hpp"
#include "stx/math/gat.hpp"

namespace stx::steps {

/// Scores of nodes: h a_src and h a_dst. One thread a node and head.
__global__ void gat_fwd_dots_kernel(GatProblem p) {
  const GatInputs<float>& in = p.forward.in;
  const std::int64_t at = thread_element();
  if (at >= in.graph.n_nodes * in.n_heads) return;
  const std::int64_t head = at % in.n_heads;
  float source = 0, destination = 0;
  for (std::int64_t c = 0; c < in.dim; ++c) {
    const float h = in.h[at * in.dim + c];
    source += h * in.a_src[head * in.dim + c];
    destination += h * in.a_dst[head * in.dim + c];
  }
  p.forward.scores.source[at] = source;
  p.forward.scores.destination[at] = destination;
}

__global__ void gat_fwd_score_kernel(GatProblem p) {
  const GatInputs<float>& in = p.forward.in;
  const std::int64_t at = thread_element();
  if (at >= in.graph.n_edges * in.n_heads) return;
  const std::int64_t edge = at / in.n_heads, head = at % in.n_heads;
  const std::int64_t from = in.graph.indices[edge], to = p.destination_of[edge];
  p.score[at] = math::edge_score(p.forward.scores.source[from * in.n_heads + head],
                                 p.forward.scores.destination[to * in.n_heads + head], in.slope);
}

__global__ void gat_fwd_largest_kernel(GatProblem p) {
  const GatInputs<float>& in = p.forward.in;
  const std::int64_t at = thread_element();
  if (at >= in.graph.n_nodes * in.n_heads) return;
  const std::int64_t node = at / in.n_heads, head = at % in.n_heads;
  const std::int64_t last = in.graph.indptr[node + 1];
  float largest = -std::numeric_limits<float>::infinity();
  for (std::int64_t e = in.graph.indptr[node]; e < last; ++e) {
    const float score = p.score[e * in.n_heads + head];
    largest = score > largest ? score : largest;
  }
  p.largest[at] = math::softmax_reference(largest);
}

__global__ void gat_fwd_lse_kernel(GatProblem p) {
  const GatInputs<float>& in = p.forward.in;
  const std::int64_t at = thread_element();
  if (at >= in.graph.n_nodes * in.n_heads) return;
  const std::int64_t node = at / in.n_heads, head = at % in.n_heads;
  const std::int64_t last = in.graph.indptr[node + 1];
  const float largest = p.largest[at];
  float sum = 0;
  for (std::int64_t e = in.graph.indptr[node]; e < last; ++e)
    sum += math::softmax_share(p.score[e * in.n_heads + head] - largest);
  p.forward.scores.lse[at] = sum == 0 ? 0.0f : largest + std::log(sum);
}

__global__ void gat_fwd_weight_kernel(GatProblem p) {
  const GatInputs<float>& in = p.forward.in;
  const std::int64_t at = thread_element();
  if (at >= in.graph.n_edges * in.n_heads) return;
  const std::int64_t to = p.destination_of[at / in.n_heads];
  p.weight[at] = math::softmax_share(p.score[at] - p.forward.scores.lse[to * in.n_heads + at % in.n_heads]);
}

/// One thread an edge and feature.
__global__ void gat_fwd_message_kernel(GatProblem p) {
  const GatInputs<float>& in = p.forward.in;
  const std::int64_t at = thread_element(), width = in.width();
  if (at >= in.graph.n_edges * width) return;
  const std::int64_t edge = at / width, column = at % width;
  const std::int64_t from = in.graph.indices[edge];
  p.message[at] = p.weight[edge * in.n_heads + column / in.dim] * in.h[from * width + column];
}

/// One thread a node and feature.
__global__ void gat_fwd_sum_kernel(GatProblem p) {
  const GatInputs<float>& in = p.forward.in;
  const std::int64_t at = thread_element(), width = in.width();
  if (at >= in.graph.n_nodes * width) return;
  const std::int64_t node = at / width, column = at % width;
  const std::int64_t last = in.graph.indptr[node + 1];
  float sum = 0;
  for (std::int64_t e = in.graph.indptr[node]; e < last; ++e) sum += p.message[e * width + column];
  p.forward.out[at] = sum;
}

inline void gat_separate_kernels(Context<Cuda>& ctx, const GatProblem& p) {
  const GatSizes s(p);
  launch_elements(ctx, gat_fwd_dots_kernel, s.node_heads, p);
  launch_elements(ctx, gat_fwd_score_kernel, s.edge_heads, p);
  launch_elements(ctx, gat_fwd_largest_kernel, s.node_heads, p);
  launch_elements(ctx, gat_fwd_lse_kernel, s.node_heads, p);
  launch_elements(ctx, gat_fwd_weight_kernel, s.edge_heads, p);
  launch_elements(ctx, gat_fwd_message_kernel, s.edge_values, p);
  launch_elements(ctx, gat_fwd_sum_kernel, s.values, p);
}

inline Traffic gat_dots_traffic(const GatSizes& s) {
  return {4 * s.values + 8 * s.width + 8 * s.node_heads, 12 * s.values + 8 * s.node_heads, 1};
}

/// Messages written, then read and summed.
inline Traffic gat_messages_traffic(const GatSizes& s) {
  return {(4 * s.edges + 4 * s.edge_heads + 4 * s.values + 4 * s.edge_values) +
              (s.indptr + 4 * s.edge_values + 4 * s.values),
          16 * s.edge_values + (20 * s.values + 4 * s.edge_values), 2};
}

inline Traffic gat_separate_kernels_traffic(const GatProblem& p) {
  const GatSizes s(p);
  const Traffic score{8 * s.edges + 8 * s.node_heads + 4 * s.edge_heads, 20 * s.edge_heads, 1};
  const Traffic largest{s.indptr + 4 * s.edge_heads + 4 * s.node_heads, 20 * s.node_heads + 4 * s.edge_heads, 1};
  const Traffic lse{s.indptr + 4 * s.edge_heads + 8 * s.node_heads, 24 * s.node_heads + 4 * s.edge_heads, 1};
  const Traffic weight{4 * s.edges + 4 * s.node_heads + 8 * s.edge_heads, 16 * s.edge_heads, 1};
  return gat_dots_traffic(s) + score + largest + lse + weight + gat_messages_traffic(s);
}

}  // namespace stx::steps
