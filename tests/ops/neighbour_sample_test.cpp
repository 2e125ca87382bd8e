#include "stx/ops/neighbour_sample.hpp"

#include <numeric>
#include <set>

#include "stx/autograd/backward.hpp"
#include "stx/backend/cpu/transfer.hpp"
#include "stx/backend/elementwise.hpp"
#include "support/compare.hpp"
#include "support/golden.hpp"
#include "support/guarded.hpp"
#include "support/naive.hpp"
#include "support/naive_graph.hpp"

using namespace stx::test;
using stx::Context;
using stx::Cpu;
using stx::CsrGraph;
using stx::Shape;

namespace {

using Rows = std::vector<std::vector<std::int32_t>>;

CsrGraph graph_of(const Rows& rows) {
  CsrGraph graph;
  for (const auto& row : rows) {
    graph.indices.insert(graph.indices.end(), row.begin(), row.end());
    graph.indptr.push_back(graph.n_edges());
  }
  return graph;
}

struct Sample {
  std::vector<std::int32_t> neighbours, counts;
  bool operator==(const Sample&) const = default;
};

Sample sample(const Rows& rows, const std::vector<std::int32_t>& nodes, std::int32_t size, int steps = 1,
              std::uint32_t site = 3, int threads = 2) {
  Context<Cpu> ctx({.threads = threads, .seed = 77});
  const auto graph = to_device(ctx, graph_of(rows));
  const auto on_device = to_device(ctx, nodes, Shape{static_cast<std::int64_t>(nodes.size())});
  for (int s = 0; s < steps; ++s) begin_step(ctx);
  const auto r = stx::neighbour_sample(ctx, graph, on_device, size, site);
  return {to_host(ctx, r.neighbours), to_host(ctx, r.counts)};
}

/// Floyd's algorithm on a set, with the Philox of the references.
std::vector<std::int32_t> naive_sample(const std::vector<std::int32_t>& row, std::int32_t node, std::int32_t size,
                                       std::uint32_t step, std::uint32_t site) {
  const auto degree = static_cast<std::int32_t>(row.size());
  std::set<std::int32_t> places;
  const std::int32_t count = std::min(size, degree);
  for (std::int32_t t = 0; t < count; ++t) {
    const std::int32_t j = degree - count + t;
    const auto words = naive::philox(
        {static_cast<std::uint32_t>(t / 4), static_cast<std::uint32_t>(node), step, site * 256 + 12}, {77, 0});
    const auto drawn = static_cast<std::int32_t>(std::uint64_t{words[t % 4]} * (j + 1) >> 32);
    places.insert(places.count(drawn) ? j : drawn);
  }
  std::vector<std::int32_t> result;
  for (const std::int32_t place : places) result.push_back(row[place]);
  result.resize(size, -1);
  return result;
}

}  // namespace

TEST_CASE("neighbour_sample: Floyd's choice of a second program, for every size") {
  const Rows rows = naive::random_rows(90, 12, 5);
  std::vector<std::int32_t> nodes;
  for (std::int32_t i = 0; i < 90; ++i) nodes.push_back(89 - i);
  for (std::int32_t size : {1, 2, 7, 31, 33, 90, 200})
    for (int step : {1, 2}) {
      const Sample got = sample(rows, nodes, size, step);
      for (std::size_t i = 0; i < nodes.size(); ++i) {
        const auto want = naive_sample(rows[nodes[i]], nodes[i], size, step, 3);
        const std::vector<std::int32_t> row(got.neighbours.begin() + i * size, got.neighbours.begin() + (i + 1) * size);
        REQUIRE(row == want);
        REQUIRE(got.counts[i] == std::min<std::int64_t>(size, rows[nodes[i]].size()));
      }
    }
}

TEST_CASE("neighbour_sample: odd numbers of nodes, which may come again") {
  const Rows rows = naive::random_rows(90, 12, 5);
  for (std::int64_t n : odd_sizes) {
    INFO(n, " nodes");
    std::vector<std::int32_t> nodes, want;
    for (std::int64_t i = 0; i < n; ++i) {
      nodes.push_back(static_cast<std::int32_t>(i * 37 % 90));
      const auto row = naive_sample(rows[nodes.back()], nodes.back(), 5, 1, 3);
      want.insert(want.end(), row.begin(), row.end());
    }
    CHECK(sample(rows, nodes, 5).neighbours == want);
  }
}

TEST_CASE("neighbour_sample: the neighbours of a program in Python") {
  const auto g = golden::load("ops/sampling.txt");
  const auto& want = g.at("neighbours").values;
  CsrGraph graph;
  graph.indptr.assign(g.at("graph.indptr").values.begin(), g.at("graph.indptr").values.end());
  graph.indices.assign(g.at("graph.indices").values.begin(), g.at("graph.indices").values.end());
  std::vector<std::int32_t> nodes(30);
  std::iota(nodes.begin(), nodes.end(), 0);
  Context<Cpu> ctx({.seed = 21});
  ctx.step_state()->step = 3;
  const auto got = stx::neighbour_sample(ctx, to_device(ctx, graph), to_device(ctx, nodes, Shape{30}), 4, 9);
  CHECK(to_host(ctx, got.neighbours) == std::vector<std::int32_t>(want.begin(), want.end()));
}

TEST_CASE("neighbour_sample: ascending, different, neighbours; all of them where there are few" *
          doctest::test_suite("properties")) {
  const Rows rows = naive::random_rows(200, 9, 6);
  std::vector<std::int32_t> nodes(200);
  for (std::int32_t i = 0; i < 200; ++i) nodes[i] = i;
  const Sample got = sample(rows, nodes, 6);
  for (std::size_t i = 0; i < 200; ++i) {
    const std::vector<std::int32_t> row(got.neighbours.begin() + i * 6, got.neighbours.begin() + i * 6 + got.counts[i]);
    CHECK(std::is_sorted(row.begin(), row.end()));
    CHECK(std::set(row.begin(), row.end()).size() == row.size());
    CHECK(std::includes(rows[i].begin(), rows[i].end(), row.begin(), row.end()));
    if (rows[i].size() <= 6) CHECK(row == rows[i]);
    for (std::int32_t k = got.counts[i]; k < 6; ++k) CHECK(got.neighbours[i * 6 + k] == -1);
  }
}

TEST_CASE(
    "neighbour_sample: a node's sample depends on seed, step and site, not on its place or the "
    "threads") {
  const Rows rows = naive::random_rows(100, 30, 7);
  const Sample a = sample(rows, {5, 1, 60}, 4);
  CHECK(sample(rows, {60, 5, 1}, 4).neighbours ==
        std::vector<std::int32_t>{a.neighbours[8], a.neighbours[9], a.neighbours[10], a.neighbours[11], a.neighbours[0],
                                  a.neighbours[1], a.neighbours[2], a.neighbours[3], a.neighbours[4], a.neighbours[5],
                                  a.neighbours[6], a.neighbours[7]});
  CHECK(sample(rows, {5, 1, 60}, 4, 2) != a);
  CHECK(sample(rows, {5, 1, 60}, 4, 1, 4) != a);
  std::vector<std::int32_t> nodes(2000);
  for (std::size_t i = 0; i < nodes.size(); ++i) nodes[i] = static_cast<std::int32_t>(i % 100);
  const Sample one = sample(rows, nodes, 8, 1, 3, 1);
  for (int threads : {2, 3, 5}) CHECK(sample(rows, nodes, 8, 1, 3, threads) == one);
}

TEST_CASE("neighbour_sample: every neighbour is equally likely, also in pairs" * doctest::test_suite("properties")) {
  Context<Cpu> ctx({.seed = 5});
  std::vector<std::int32_t> row = {1, 2, 3, 4, 5};
  const auto graph = to_device(ctx, graph_of({row, {}, {}, {}, {}, {}}));
  const auto node = to_device(ctx, std::vector<std::int32_t>{0}, Shape{1});
  int pairs[6][6] = {};
  const int steps = 10000;
  for (int s = 0; s < steps; ++s) {
    begin_step(ctx);
    const auto got = to_host(ctx, stx::neighbour_sample(ctx, graph, node, 2, 1).neighbours);
    ++pairs[got[0]][got[1]];
  }
  for (int i = 1; i <= 5; ++i)
    for (int j = i + 1; j <= 5; ++j) CHECK(std::abs(pairs[i][j] - 1000) < 150);  // 5 sd
}

TEST_CASE("neighbour_sample: the backend stays inside its buffers") {
  const Rows rows = naive::random_rows(60, 9, 6);
  const CsrGraph graph = graph_of(rows);
  for (std::int32_t size : {1, 5, 60, 1024})
    for (int threads : {1, 3}) {
      Context<Cpu> ctx({.threads = threads});
      Guarded<std::int64_t> indptr(std::vector<std::int64_t>(graph.indptr.begin(), graph.indptr.end()));
      Guarded<std::int32_t> indices(std::vector<std::int32_t>(graph.indices.begin(), graph.indices.end()));
      std::vector<std::int32_t> wanted(97);
      for (std::size_t i = 0; i < wanted.size(); ++i) wanted[i] = static_cast<std::int32_t>(i % 63) - 1;
      Guarded<std::int32_t> nodes(wanted), neighbours(97 * size, -7), counts(97, -7);
      stx::neighbour_sample(
          ctx,
          stx::NeighbourSample{
              .graph = {.indptr = indptr.data(), .indices = indices.data(), .n_nodes = 60, .n_edges = graph.n_edges()},
              .nodes = nodes.data(),
              .neighbours = neighbours.data(),
              .counts = counts.data(),
              .n = 97,
              .size = size});
      CHECK((indptr.intact() && indices.intact() && nodes.intact() && neighbours.intact() && counts.intact()));
      for (std::int32_t v : neighbours.content()) REQUIRE((v >= -1 && v < 60));  // every place was written
      for (std::int32_t c : counts.content()) REQUIRE((c >= 0 && c <= size));
    }
}

TEST_CASE("neighbour_sample: no nodes, nodes without edges or outside of the graph") {
  const Rows rows = {{1}, {}};
  CHECK(sample(rows, {}, 3).neighbours.empty());
  const Sample got = sample(rows, {1, -1, 2, 0}, 2);
  CHECK(got.neighbours == std::vector<std::int32_t>{-1, -1, -1, -1, -1, -1, 1, -1});
  CHECK(got.counts == std::vector<std::int32_t>{0, 0, 0, 1});
}

TEST_CASE("neighbour_sample: wrong calls are errors") {
  Context<Cpu> ctx;
  const auto graph = to_device(ctx, graph_of({{0}}));
  const auto nodes = to_device(ctx, std::vector<std::int32_t>{0}, Shape{1});
  for (std::int32_t size : {0, 1025})
    CHECK_THROWS_WITH_AS(stx::neighbour_sample(ctx, graph, nodes, size, 0),
                         ("[neighbour_sample] size must lie in [1, 1024], got " + std::to_string(size)).c_str(),
                         stx::ArgumentError);
  const auto matrix = to_device(ctx, std::vector<std::int32_t>{0}, Shape{1, 1});
  CHECK_THROWS_WITH_AS(stx::neighbour_sample(ctx, graph, matrix, 1, 0),
                       "[neighbour_sample] nodes must be a vector, got shape (1, 1)", stx::ArgumentError);
}
