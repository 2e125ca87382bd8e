// Random features on a graph for the ladder of graph attention, and the result in double.
#pragma once

#include "../arrays.hpp"
#include "ladder.hpp"
#include "stx/graph/device_graph.hpp"
#include "support/naive_graph.hpp"

namespace stx::steps {

/// Incoming edges of every node: itself and `degree` others at pseudo-random places.
inline std::vector<std::vector<std::int32_t>> scattered_rows(std::int64_t nodes, std::int64_t degree) {
  std::vector<std::vector<std::int32_t>> rows(nodes);
  std::uint64_t state = 1;
  for (std::int64_t i = 0; i < nodes; ++i) {
    rows[i].push_back(static_cast<std::int32_t>(i));
    for (std::int64_t e = 0; e < degree; ++e) {
      state = state * 6364136223846793005ull + 1442695040888963407ull;
      rows[i].push_back(static_cast<std::int32_t>(static_cast<std::int64_t>(state >> 33) % nodes));
    }
    std::sort(rows[i].begin(), rows[i].end());
    rows[i].erase(std::unique(rows[i].begin(), rows[i].end()), rows[i].end());
  }
  return rows;
}

struct GatCase {
  std::vector<std::vector<std::int32_t>> rows;
  std::int64_t n_heads, dim;
  std::vector<double> h, a_src, a_dst;
  Arrays arrays;
  GatProblem problem;

  GatCase(Context<Cuda>& ctx, std::vector<std::vector<std::int32_t>> graph_rows, std::int64_t heads,
          std::int64_t head_dim)
      : rows(std::move(graph_rows)), n_heads(heads), dim(head_dim), h(test::random_values(n_nodes() * width(), 1)),
        a_src(test::random_values(width(), 2)), a_dst(test::random_values(width(), 3)), arrays(ctx) {
    CsrGraph graph;
    std::vector<std::int32_t> destination_of;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      graph.indices.insert(graph.indices.end(), rows[i].begin(), rows[i].end());
      graph.indptr.push_back(graph.n_edges());
      destination_of.resize(graph.indices.size(), static_cast<std::int32_t>(i));
    }
    const std::int64_t node_heads = n_nodes() * heads, edges = graph.n_edges();
    problem.forward.in = {.graph = to_device(ctx, graph).view(),
                          .h = arrays.input(h),
                          .a_src = arrays.input(a_src),
                          .a_dst = arrays.input(a_dst),
                          .n_heads = heads,
                          .dim = head_dim};
    problem.forward.scores = {arrays.output(node_heads), arrays.output(node_heads), arrays.output(node_heads)};
    problem.forward.out = arrays.output(n_nodes() * width());
    problem.destination_of = arrays.exact(destination_of);
    problem.largest = arrays.output(node_heads);
    problem.score = arrays.output(edges * heads);
    problem.weight = arrays.output(edges * heads);
    problem.message = arrays.output(edges * width());
  }

  std::int64_t n_nodes() const { return static_cast<std::int64_t>(rows.size()); }
  std::int64_t width() const { return n_heads * dim; }

  /// Features, then the logarithm of each softmax's denominator.
  std::vector<double> result() const {
    std::vector<double> all = arrays.host(problem.forward.out, h.size());
    const auto lse = arrays.host(problem.forward.scores.lse, rows.size() * n_heads);
    all.insert(all.end(), lse.begin(), lse.end());
    return all;
  }
  double error() const {
    test::naive::Gat<double> want{rows, n_heads, dim, 0.2, h, a_src, a_dst, {}, {}, h};
    want.run();
    return arrays.error(problem.forward.out, want.out);
  }
};

}  // namespace stx::steps
