// Public ops of attention, graphs and neighbours on CUDA against the CPU.
#include "stx/graph/device_graph.hpp"
#include "stx/ops/attention.hpp"
#include "stx/ops/cross_top_k.hpp"
#include "stx/ops/gat.hpp"
#include "stx/ops/grid_knn.hpp"
#include "stx/ops/neighbour_sample.hpp"
#include "stx/ops/relative_bias.hpp"
#include "stx/ops/shared_kv_attention.hpp"
#include "stx/ops/top_k.hpp"
#include "support/naive_graph.hpp"
#include "support/public_op.hpp"

using namespace stx::test;
using stx::Context;
using stx::Shape;

namespace {

stx::CsrGraph random_graph() {
  stx::CsrGraph graph;
  for (const auto& row : naive::random_rows(23, 6, 3)) {
    graph.indices.insert(graph.indices.end(), row.begin(), row.end());
    graph.indptr.push_back(graph.n_edges());
  }
  return graph;
}

template <class T>
stx::Matrix<T> random_points() {
  stx::Matrix<T> points(30, 2);
  points.values = convert<T>(random_values(60, 5));
  return points;
}

template <class D>
std::vector<std::int32_t> on_host(Context<D>& ctx, const std::int32_t* data, std::int64_t size) {
  std::vector<std::int32_t> values(static_cast<std::size_t>(size));
  stx::copy_to_host(ctx, values.data(), data, values.size() * sizeof(std::int32_t));
  return values;
}

/// The lists one behind the other.
template <class... Lists>
std::vector<std::int32_t> joined(const Lists&... lists) {
  std::vector<std::int32_t> all;
  (all.insert(all.end(), lists.begin(), lists.end()), ...);
  return all;
}

}  // namespace

TEST_CASE("public ops on CUDA: attention and its bias") {
  if (no_cuda_device()) return;
  compare_public(
      {random_input({6, 8}, 1), random_input({10, 8}, 2), random_input({10, 8}, 3), random_input({2, 3, 5}, 4)},
      []<class T, class D>(Context<D>& ctx, const Vars<T, D>& v) {
        const auto lengths = ids(ctx, {5, 3});
        const auto result =
            stx::attention(ctx, v[0], v[1], v[2], {.n_heads = 2, .batch = 2, .dropout = {0.3f, 4}, .weights = true},
                           v[3], stx::KeyMask<D>{.lengths = lengths, .keys = {}});
        return Vars<T, D>{result.out, stx::constant(ctx, result.weights)};
      });
  compare_public({random_input({6, 8}, 1), random_input({7, 8}, 2), random_input({7, 8}, 3)},
                 []<class T, class D>(Context<D>& ctx, const Vars<T, D>& v) {
                   const auto result = stx::shared_kv_attention(ctx, v[0], v[1], v[2],
                                                                {.n_heads = 2, .dropout = {0.3f, 4}, .weights = true});
                   return Vars<T, D>{result.out, result.weights};
                 });
  compare_public({random_input({8, 3}, 1)}, []<class T, class D>(Context<D>& ctx, const Vars<T, D>& v) {
    const auto distances = ids(ctx, stx::relative_buckets(8, 6));
    return Vars<T, D>{stx::relative_bias(ctx, v[0], distances, 7), stx::relative_bias(ctx, v[0].value(), distances, 5)};
  });
}

TEST_CASE("public ops on CUDA: gat") {
  if (no_cuda_device()) return;
  compare_public({random_input({23, 12}, 1), random_input({3, 4}, 2), random_input({3, 4}, 3), random_input({12}, 4)},
                 []<class T, class D>(Context<D>& ctx, const Vars<T, D>& v) {
                   return Vars<T, D>{
                       stx::gat(ctx, v[0], v[1], v[2], to_device(ctx, random_graph()), {.dropout = {0.3f, 4}}, v[3])};
                 });
}

TEST_CASE("public ops on CUDA: nearest rows and their scores") {
  if (no_cuda_device()) return;
  const std::vector<Input> sets = {data_input({9, 5}, 1), data_input({17, 5}, 2)};
  compare_public(sets, []<class T, class D>(Context<D>& ctx, const Vars<T, D>& v) {
    const auto near = stx::top_k(ctx, v[0].value(), v[1].value(), {.k = 4});
    const auto both = stx::cross_top_k(ctx, v[0].value(), v[1].value(), 3, 2);
    return Vars<T, D>{stx::constant(ctx, near.scores), stx::constant(ctx, both.of_first.scores),
                      stx::constant(ctx, both.of_second.scores)};
  });
  compare_exact([&]<class D>(Context<D>& ctx) {
    const auto first = to_device(ctx, convert<float>(sets[0].values), Shape{9, 5}),
               second = to_device(ctx, convert<float>(sets[1].values), Shape{17, 5});
    const auto both = stx::cross_top_k(ctx, first, second, 3, 2);
    return joined(to_host(ctx, stx::top_k(ctx, first, second, {.k = 4, .metric = stx::KnnMetric::cosine}).ids),
                  to_host(ctx, stx::top_k(ctx, second, second, {.k = 16, .without_self = true}).ids),
                  to_host(ctx, both.of_first.ids), to_host(ctx, both.of_second.ids));
  });
}

TEST_CASE("public ops on CUDA: cells and neighbours of points in space") {
  if (no_cuda_device()) return;
  compare_exact([]<class D>(Context<D>& ctx) {
    const auto near = stx::grid_knn(ctx, random_points<float>(), {.k = 5});
    const auto cells = stx::sort_into_cells(ctx, random_points<float>(), 2);
    return joined(to_host(ctx, near.ids), on_host(ctx, cells.order, 30),
                  on_host(ctx, cells.cell_begin, cells.cells() + 1));
  });
  compare_public({}, []<class T, class D>(Context<D>& ctx, const Vars<T, D>&) {
    return Vars<T, D>{stx::constant(ctx, stx::grid_knn(ctx, random_points<T>(), {.k = 5}).distances)};
  });
}

TEST_CASE("public ops on CUDA: neighbour_sample") {
  if (no_cuda_device()) return;
  compare_exact([]<class D>(Context<D>& ctx) {
    const auto sampled = stx::neighbour_sample(ctx, to_device(ctx, random_graph()), ids(ctx, {4, 22, 0, 99, 4}), 3, 7);
    return joined(to_host(ctx, sampled.neighbours), to_host(ctx, sampled.counts));
  });
}
