// A graph and its transpose in the memory of a device.
#pragma once

#include "stx/core/transfer.hpp"
#include "stx/graph/csr_graph.hpp"
#include "stx/graph/graph_view.hpp"

namespace stx {

/// Handle of a graph on device D: rows of incoming edges for forward passes, rows of outgoing edges
/// (with the places of the same edges among the incoming) for backward passes.
template <class D>
struct DeviceGraph {
  Tensor<std::int64_t, D> indptr;       ///< n_nodes + 1
  Tensor<std::int32_t, D> indices;      ///< n_edges: source of each incoming edge
  Tensor<std::int64_t, D> out_indptr;   ///< n_nodes + 1
  Tensor<std::int32_t, D> out_indices;  ///< n_edges: destination of each outgoing edge
  Tensor<std::int32_t, D> out_edges;    ///< n_edges: its place in `indices`
  std::int64_t n_nodes = 0, n_edges = 0;

  GraphView view() const {
    return {indptr.data, indices.data, out_indptr.data, out_indices.data, out_edges.data, n_nodes, n_edges};
  }
};

/// New persistent copy of a host graph. @throws DataError when it is not a valid graph.
template <class D>
DeviceGraph<D> to_device(Context<D>& ctx, const CsrGraph& graph) {
  check_graph("to_device", graph);
  const TransposedGraph out = transpose(graph);
  const Shape rows{graph.n_nodes() + 1}, edges{graph.n_edges()};
  return {to_device(ctx, graph.indptr, rows),
          to_device(ctx, graph.indices, edges),
          to_device(ctx, out.graph.indptr, rows),
          to_device(ctx, out.graph.indices, edges),
          to_device(ctx, out.edges, edges),
          graph.n_nodes(),
          graph.n_edges()};
}

}  // namespace stx
