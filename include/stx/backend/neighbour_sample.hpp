// Neighbours of nodes, sampled without replacement: the contract of both backends.
#pragma once

#include "stx/core/context.hpp"
#include "stx/graph/graph_view.hpp"
#include "stx/math/neighbour_sample.hpp"

namespace stx {

/// Row i: min(size, degree) different entries of row nodes[i] of the graph, in the order of the graph,
/// then -1. Drawn for (seed, step, site, node): wherever a node stands, it gets the same sample. A node
/// outside of the graph has no neighbours.
struct NeighbourSample {
  GraphView graph;  ///< incoming edges only
  const std::int32_t* nodes = nullptr;
  std::int32_t* neighbours = nullptr;  ///< n x size
  std::int32_t* counts = nullptr;      ///< n: neighbours found
  std::int64_t n = 0;
  std::int32_t size = 1;
  std::uint32_t site = 0;
};

namespace math {

/// One row of NeighbourSample.
STX_HD inline void sample_row(const NeighbourSample& p, const StepState& state, std::int64_t i) {
  const std::int32_t node = p.nodes[i];
  const bool inside = node >= 0 && node < p.graph.n_nodes;
  const std::int64_t begin = inside ? p.graph.indptr[node] : 0;
  const auto degree = static_cast<std::int32_t>(inside ? p.graph.indptr[node + 1] - begin : 0);
  std::int32_t* row = p.neighbours + i * p.size;
  const std::int32_t count = degree < p.size ? degree : p.size;
  choose_neighbours(state, p.site, node, degree, count, row);
  for (std::int32_t k = 0; k < p.size; ++k) row[k] = k < count ? p.graph.indices[begin + row[k]] : -1;
  p.counts[i] = count;
}

}  // namespace math

/// The same bits on both devices.
void neighbour_sample(Context<Cpu>& ctx, const NeighbourSample& args);
void neighbour_sample(Context<Cuda>& ctx, const NeighbourSample& args);

}  // namespace stx
