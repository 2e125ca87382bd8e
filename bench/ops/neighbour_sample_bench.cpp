#include "registry.hpp"
#include "stx/graph/device_graph.hpp"

namespace stx::bench {
namespace {

/// Every node has `degree` neighbours behind it.
template <class D>
Case sample_case(Context<D>& ctx, std::int64_t nodes, std::int64_t degree, std::int32_t size) {
  CsrGraph graph;
  std::vector<std::int32_t> from, to, all;
  for (std::int64_t i = 0; i < nodes; ++i) {
    all.push_back(static_cast<std::int32_t>(i));
    for (std::int64_t e = 1; e <= degree; ++e) {
      from.push_back(static_cast<std::int32_t>((i + e) % nodes));
      to.push_back(static_cast<std::int32_t>(i));
    }
  }
  graph = graph_of_edges(nodes, from, to);
  const auto neighbours = ctx.template make_persistent<std::int32_t>(Shape{nodes, size});
  const NeighbourSample args{.graph = to_device(ctx, graph).view(),
                             .nodes = to_device(ctx, all, Shape{nodes}).data,
                             .neighbours = neighbours.data,
                             .counts = ctx.template make_persistent<std::int32_t>(Shape{nodes}).data,
                             .n = nodes,
                             .size = size,
                             .site = 1};
  const auto run = [&ctx, args] { neighbour_sample(ctx, args); };
  // Every sample must be ascending and from its own row.
  const auto error = [&ctx, neighbours, graph, size] {
    const auto got = to_host(ctx, neighbours);
    for (std::int64_t i = 0; i < graph.n_nodes(); ++i)
      for (std::int32_t k = 0; k < size; ++k) {
        const auto row = graph.indices.begin();
        const std::int32_t j = got[i * size + k];
        if (!std::binary_search(row + graph.indptr[i], row + graph.indptr[i + 1], j)) return 1.0;
        if (k > 0 && j <= got[i * size + k - 1]) return 1.0;
      }
    return 0.0;
  };
  return {run, error};
}

template <class D>
void add_samples(Suite<D>& suite) {
  suite.add("neighbour_sample/100000_nodes_5_of_20", 100000, {100000.0 * (4 + 16 + 5 * 8 + 4), 0},
            [](Context<D>& ctx, std::int64_t nodes) { return sample_case(ctx, nodes, 20, 5); });
}

}  // namespace

void register_neighbour_sample(Suites& suites) {
  suites.each([](auto& suite) { add_samples(suite); });
}

}  // namespace stx::bench
