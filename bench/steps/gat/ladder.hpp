// The ladder of graph attention, forward, without dropout and bias: scores of edges, softmax over
// the incoming edges of a node, weighted sum of the features of their sources.
#pragma once

#include "../ladder.hpp"
#include "stx/backend/gat.hpp"

namespace stx::steps {

/// The library's arguments, and arrays that the early steps keep.
struct GatProblem {
  GatForward<float> forward;
  const std::int32_t* destination_of = nullptr;  ///< n_edges
  float* largest = nullptr;                      ///< n_nodes x n_heads
  float* score = nullptr;                        ///< n_edges x n_heads
  float* weight = nullptr;                       ///< n_edges x n_heads
  float* message = nullptr;                      ///< n_edges x n_heads * dim
};

/// Sizes in the predictions of traffic; every node is taken to be the source of some edge.
struct GatSizes {
  std::int64_t nodes, node_heads, values, indptr;  ///< values: nodes x heads x dim; indptr in bytes
  std::int64_t edges, edge_heads, edge_values, width;

  explicit GatSizes(const GatProblem& p)
      : nodes(p.forward.in.graph.n_nodes), node_heads(nodes * p.forward.in.n_heads),
        values(nodes * p.forward.in.width()), indptr(8 * (nodes + 1)), edges(p.forward.in.graph.n_edges),
        edge_heads(edges * p.forward.in.n_heads), edge_values(edges * p.forward.in.width()),
        width(p.forward.in.width()) {}
};

Ladder<GatProblem> gat_ladder();

}  // namespace stx::steps
