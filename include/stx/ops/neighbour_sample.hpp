// Random neighbours of nodes, for minibatches of large graphs.
#pragma once

#include "stx/backend/neighbour_sample.hpp"
#include "stx/graph/device_graph.hpp"

namespace stx {

template <class D>
struct SampledNeighbours {
  Tensor<std::int32_t, D> neighbours;  ///< (n, size); -1 behind the last
  Tensor<std::int32_t, D> counts;      ///< (n)
};

/// Up to `size` different neighbours of every node, each set equally likely; all of them where there are
/// no more than that.
///
/// @param graph  row i lists the neighbours of node i
/// @param nodes  (n) node numbers, in any order; a number outside of the graph has no neighbours
/// @param size   1 to 1024
/// @param site   from Context::next_random_site()
/// @return       neighbours in the order of the graph, and how many, in the step arena
/// @throws ArgumentError when nodes is not a vector or size is out of range.
/// Numerics: a choice among d edges has a bias of at most d / 2^32. Deterministic: yes, a function of
/// (seed, step, site, node), the same on every device. Capturable: yes.
/// Source: Hamilton et al. 2017, section 3.1; Bentley and Floyd 1987.
template <class D>
SampledNeighbours<D> neighbour_sample(Context<D>& ctx, const DeviceGraph<D>& graph,
                                      const Tensor<std::int32_t, D>& nodes, std::int32_t size, std::uint32_t site) {
  require(nodes.shape.rank() == 1, "neighbour_sample", "nodes must be a vector, got shape ", nodes.shape);
  require(size >= 1 && size <= 1024, "neighbour_sample", "size must lie in [1, 1024], got ", size);
  SampledNeighbours<D> result{ctx.template make_step<std::int32_t>(Shape{nodes.size(), size}),
                              ctx.template make_step<std::int32_t>(Shape{nodes.size()})};
  neighbour_sample(ctx, NeighbourSample{graph.view(), nodes.data, result.neighbours.data, result.counts.data,
                                        nodes.size(), size, site});
  return result;
}

}  // namespace stx
