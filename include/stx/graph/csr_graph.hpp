// Graphs as CSR: row i lists the nodes whose messages node i receives.
#pragma once

#include <algorithm>
#include <limits>
#include <numeric>
#include <string_view>
#include <utility>
#include <vector>

#include "stx/data/csr_transpose.hpp"
#include "stx/data/matrix.hpp"

namespace stx {

/// Directed graph without weights: an edge from `indices[e]` to the row that holds e.
struct CsrGraph {
  std::vector<std::int64_t> indptr = {0};  ///< n_nodes() + 1
  std::vector<std::int32_t> indices;       ///< ascending within a row, no repeats

  std::int64_t n_nodes() const { return static_cast<std::int64_t>(indptr.size()) - 1; }
  std::int64_t n_edges() const { return static_cast<std::int64_t>(indices.size()); }
  bool operator==(const CsrGraph&) const = default;
};

/// @throws DataError unless indptr rises from 0 to the number of edges, and every row is strictly ascending
/// and names existing nodes.
inline void check_graph(std::string_view where, const CsrGraph& graph) {
  require<DataError>(!graph.indptr.empty() && graph.indptr.front() == 0 && graph.indptr.back() == graph.n_edges(),
                     where, "the row pointers must start with 0 and end with the number of edges, ", graph.n_edges());
  require<DataError>(graph.n_edges() <= std::numeric_limits<std::int32_t>::max(), where,
                     "at most 2^31 - 1 edges fit, got ", graph.n_edges());
  for (std::int64_t i = 0; i < graph.n_nodes(); ++i) {
    require<DataError>(graph.indptr[i] <= graph.indptr[i + 1], where, "row pointer ", i + 1, " is below row pointer ",
                       i);
    for (std::int64_t e = graph.indptr[i]; e < graph.indptr[i + 1]; ++e) {
      const std::int32_t j = graph.indices[e];
      require<DataError>(j >= 0 && j < graph.n_nodes(), where, "row ", i, " names node ", j, " of ", graph.n_nodes());
      require<DataError>(e == graph.indptr[i] || graph.indices[e - 1] < j, where, "row ", i,
                         " is not strictly ascending: ", graph.indices[e - 1], " before ", j,
                         "; sort it and drop repeats");
    }
  }
}

/// Graph of the edges (from[e], to[e]) among n nodes, in any order; repeats count once.
/// @throws DataError for a node outside of [0, n).
inline CsrGraph graph_of_edges(std::int64_t n, const std::vector<std::int32_t>& from,
                               const std::vector<std::int32_t>& to) {
  require(from.size() == to.size(), "graph_of_edges", "as many sources as destinations are needed, got ", from.size(),
          " and ", to.size());
  CsrGraph graph;
  std::vector<std::int64_t> place(static_cast<std::size_t>(n) + 1, 0);
  for (std::size_t e = 0; e < from.size(); ++e) {
    require<DataError>(from[e] >= 0 && from[e] < n && to[e] >= 0 && to[e] < n, "graph_of_edges", "edge ", e,
                       " joins nodes ", from[e], " and ", to[e], " of ", n);
    ++place[to[e] + 1];
  }
  std::partial_sum(place.begin(), place.end(), place.begin());
  const std::vector<std::int64_t> begin = place;
  std::vector<std::int32_t> sources(from.size());
  for (std::size_t e = 0; e < from.size(); ++e) sources[place[to[e]]++] = from[e];
  graph.indices.reserve(sources.size());
  for (std::int64_t i = 0; i < n; ++i) {
    const auto first = sources.begin() + begin[i], last = sources.begin() + begin[i + 1];
    std::sort(first, last);
    graph.indices.insert(graph.indices.end(), first, std::unique(first, last));
    graph.indptr.push_back(graph.n_edges());
  }
  return graph;
}

/// Row i lists the ids in row i of a neighbour matrix (knn_search, top_k, grid_knn); negative ids are
/// missing neighbours.
inline CsrGraph graph_of_neighbours(const Matrix<std::int32_t>& ids, std::int64_t n_nodes) {
  std::vector<std::int32_t> from, to;
  for (std::int64_t i = 0; i < ids.rows; ++i)
    for (const std::int32_t j : ids.row(i)) {
      if (j < 0) continue;
      from.push_back(j);
      to.push_back(static_cast<std::int32_t>(i));
    }
  return graph_of_edges(n_nodes, from, to);
}

/// A graph with its edges turned round, and where they came from.
struct TransposedGraph {
  CsrGraph graph;
  std::vector<std::int32_t> edges;  ///< edges[e]: place in the original of the transposed edge e
};

inline TransposedGraph transpose(const CsrGraph& graph) {
  PatternTranspose turned = transpose_pattern(graph.indptr, graph.indices, graph.n_nodes());
  return {{std::move(turned.indptr), std::move(turned.indices)}, std::move(turned.order)};
}

namespace detail {

/// Rows joined from those of two graphs over the same nodes.
inline CsrGraph unite(const CsrGraph& a, const CsrGraph& b) {
  CsrGraph out;
  for (std::int64_t i = 0; i < a.n_nodes(); ++i) {
    std::set_union(a.indices.begin() + a.indptr[i], a.indices.begin() + a.indptr[i + 1],
                   b.indices.begin() + b.indptr[i], b.indices.begin() + b.indptr[i + 1],
                   std::back_inserter(out.indices));
    out.indptr.push_back(out.n_edges());
  }
  return out;
}

}  // namespace detail

/// The graph with an edge from every node to itself.
inline CsrGraph with_self_loops(const CsrGraph& graph) {
  CsrGraph loops;
  for (std::int64_t i = 0; i < graph.n_nodes(); ++i) {
    loops.indices.push_back(static_cast<std::int32_t>(i));
    loops.indptr.push_back(i + 1);
  }
  return detail::unite(graph, loops);
}

/// The graph with every edge in both directions.
inline CsrGraph symmetrise(const CsrGraph& graph) { return detail::unite(graph, transpose(graph).graph); }

}  // namespace stx
