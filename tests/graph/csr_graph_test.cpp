#include "stx/graph/csr_graph.hpp"

#include <doctest/doctest.h>

#include <random>
#include <set>

#include "stx/backend/cpu/elementwise.hpp"
#include "stx/backend/cpu/transfer.hpp"
#include "stx/graph/device_graph.hpp"

using stx::CsrGraph;
using Edges = std::set<std::pair<std::int32_t, std::int32_t>>;  // (to, from)

namespace {

Edges edges_of(const CsrGraph& graph) {
  Edges edges;
  for (std::int64_t i = 0; i < graph.n_nodes(); ++i)
    for (std::int64_t e = graph.indptr[i]; e < graph.indptr[i + 1]; ++e)
      edges.insert({static_cast<std::int32_t>(i), graph.indices[e]});
  return edges;
}

struct Random {
  std::vector<std::int32_t> from, to;
  Edges edges;
};

Random random_edges(std::int32_t n, int count) {
  std::mt19937 engine(5);
  Random r;
  for (int e = 0; e < count; ++e) {
    r.from.push_back(static_cast<std::int32_t>(engine() % n));
    r.to.push_back(static_cast<std::int32_t>(engine() % n));
    r.edges.insert({r.to.back(), r.from.back()});
  }
  return r;
}

}  // namespace

TEST_CASE("csr_graph: made of edges, transposed, with self loops, symmetric: as sets of pairs") {
  for (std::int32_t n : {1, 2, 30}) {
    const Random r = random_edges(n, 100);
    const CsrGraph graph = stx::graph_of_edges(n, r.from, r.to);
    stx::check_graph("test", graph);
    CHECK(graph.n_nodes() == n);
    CHECK(edges_of(graph) == r.edges);
    CHECK(graph.n_edges() == static_cast<std::int64_t>(r.edges.size()));

    const stx::TransposedGraph turned = stx::transpose(graph);
    stx::check_graph("test", turned.graph);
    Edges reversed, looped = r.edges, both = r.edges;
    for (const auto& [to, from] : r.edges) {
      reversed.insert({from, to});
      both.insert({from, to});
    }
    CHECK(edges_of(turned.graph) == reversed);
    for (std::int64_t j = 0; j < n; ++j)
      for (std::int64_t e = turned.graph.indptr[j]; e < turned.graph.indptr[j + 1]; ++e) {
        const std::int32_t original = turned.edges[e], i = turned.graph.indices[e];
        CHECK(graph.indices[original] == j);
        CHECK((original >= graph.indptr[i] && original < graph.indptr[i + 1]));
      }
    CHECK(stx::transpose(turned.graph).graph == graph);

    for (std::int32_t i = 0; i < n; ++i) looped.insert({i, i});
    const CsrGraph loops = stx::with_self_loops(graph);
    stx::check_graph("test", loops);
    CHECK(edges_of(loops) == looped);
    CHECK(stx::with_self_loops(loops) == loops);
    const CsrGraph symmetric = stx::symmetrise(graph);
    stx::check_graph("test", symmetric);
    CHECK(edges_of(symmetric) == both);
  }
}

TEST_CASE("csr_graph: no nodes, no edges") {
  for (const std::int64_t n : {0, 3}) {
    const CsrGraph graph = stx::graph_of_edges(n, {}, {});
    stx::check_graph("test", graph);
    CHECK(graph.n_nodes() == n);
    CHECK(stx::transpose(graph).graph == graph);
    CHECK(stx::symmetrise(graph) == graph);
    CHECK(stx::with_self_loops(graph).n_edges() == n);
  }
}

TEST_CASE("csr_graph: rows of a neighbour matrix; missing neighbours are left out") {
  stx::Matrix<std::int32_t> ids(3, 2);
  ids.values = {2, 1, -1, 0, 0, -1};
  const CsrGraph graph = stx::graph_of_neighbours(ids, 3);
  CHECK(graph.indptr == std::vector<std::int64_t>{0, 2, 3, 4});
  CHECK(graph.indices == std::vector<std::int32_t>{1, 2, 0, 0});
}

TEST_CASE("csr_graph: a device graph has both directions") {
  stx::Context<stx::Cpu> ctx;
  const auto graph = to_device(ctx, CsrGraph{{0, 2, 2, 3}, {0, 2, 0}});
  CHECK(to_host(ctx, graph.out_indptr) == std::vector<std::int64_t>{0, 2, 2, 3});
  CHECK(to_host(ctx, graph.out_indices) == std::vector<std::int32_t>{0, 2, 0});
  CHECK(to_host(ctx, graph.out_edges) == std::vector<std::int32_t>{0, 2, 1});
  CHECK(graph.view().n_nodes == 3);
  CHECK(graph.view().n_edges == 3);
}

TEST_CASE("csr_graph: graphs that are not valid are refused") {
  const auto message = [](const CsrGraph& graph) {
    try {
      stx::check_graph("gat", graph);
    } catch (const stx::DataError& e) {
      return std::string(e.what());
    }
    return std::string("no error");
  };
  CHECK(message({{0, 1, 3}, {0, 1, 0}}) ==
        "[gat] row 1 is not strictly ascending: 1 before 0; sort it and drop repeats");
  CHECK(message({{0, 1, 3}, {0, 1, 1}}) ==
        "[gat] row 1 is not strictly ascending: 1 before 1; sort it and drop repeats");
  CHECK(message({{0, 1, 2}, {0, 2}}) == "[gat] row 1 names node 2 of 2");
  CHECK(message({{0, 1, 2}, {-1, 1}}) == "[gat] row 0 names node -1 of 2");
  CHECK(message({{0, 2, 1, 2}, {0, 1}}) == "[gat] row pointer 2 is below row pointer 1");
  CHECK(message({{0, 1}, {0, 0}}) == "[gat] the row pointers must start with 0 and end with the number of edges, 2");
  CHECK(message({{}, {}}) == "[gat] the row pointers must start with 0 and end with the number of edges, 0");
  CHECK_THROWS_WITH_AS(stx::graph_of_edges(3, {1, 3}, {0, 0}), "[graph_of_edges] edge 1 joins nodes 3 and 0 of 3",
                       stx::DataError);
  CHECK_THROWS_WITH_AS(stx::graph_of_edges(3, {1}, {}),
                       "[graph_of_edges] as many sources as destinations are needed, got 1 and 0", stx::ArgumentError);
}
