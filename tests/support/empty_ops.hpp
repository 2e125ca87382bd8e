// Ops without rows, columns, keys, sequences or things to choose from, on any device.
#pragma once

#include "run_op.hpp"
#include "stx/graph/device_graph.hpp"
#include "stx/ops/attention.hpp"
#include "stx/ops/cross_top_k.hpp"
#include "stx/ops/draw_partners.hpp"
#include "stx/ops/draw_rows.hpp"
#include "stx/ops/gat.hpp"
#include "stx/ops/grid_knn.hpp"
#include "stx/ops/permutation.hpp"
#include "stx/ops/shared_kv_attention.hpp"
#include "stx/ops/softmax_sample.hpp"
#include "stx/ops/timestep_embedding.hpp"
#include "stx/ops/top_k.hpp"

namespace stx::test {

/// Results and gradients of `op(ctx, vars)` are zeros, as many as `op` has results and inputs have values. With two
/// uses a gradient is written once and added to once.
template <class T, class D, class Op>
void check_zeros(const std::vector<Input>& inputs, const Op& op, const std::vector<std::int64_t>& sizes) {
  Context<D> ctx({.threads = 2, .gemm_workspace_bytes = 1 << 16});
  for (const int uses : {1, 2}) {
    // What the op gets was used before.
    fill(ctx, ctx.template make_step<T>(Shape{1 << 16}).data, 1 << 16, T(7));
    const OpRun<T> run = run_op<T>(ctx, inputs, op, uses);
    REQUIRE(run.outputs.size() == sizes.size() * uses);
    for (std::size_t k = 0; k < run.outputs.size(); ++k)
      CHECK(run.outputs[k] == std::vector<T>(sizes[k % sizes.size()], T(0)));
    for (std::size_t k = 0; k < inputs.size(); ++k)
      CHECK(run.grads[k] == std::vector<T>(inputs[k].needs_grad ? inputs[k].values.size() : 0, T(0)));
  }
}

template <class T, class D>
void check_empty_attention() {
  const auto random = [](Shape shape) { return random_input(shape, 3); };
  // No keys, then no queries either.
  for (const std::int64_t rows : {5, 0})
    check_zeros<T, D>({random({rows, 8}), random({0, 8}), random({0, 8})},
                      [](Context<D>& ctx, const auto& v) {
                        const auto shared = shared_kv_attention(ctx, v[0], v[1], v[2],
                                                                {.n_heads = 2, .dropout = {0.3f, 1}, .weights = true});
                        const auto own = attention(ctx, v[0], v[1], v[2], {.n_heads = 2});
                        return std::vector{shared.out, shared.weights, own.out};
                      },
                      {rows * 8, 0, rows * 8});
  // No queries: keys and values have gradient 0.
  check_zeros<T, D>({random({0, 8}), random({5, 8}), random({5, 8})},
                    [](Context<D>& ctx, const auto& v) {
                      return std::vector{shared_kv_attention(ctx, v[0], v[1], v[2], {.n_heads = 2}).out,
                                         attention(ctx, v[0], v[1], v[2], {.n_heads = 2}).out};
                    },
                    {0, 0});
  // No sequences, whose lengths the bias and the mask know.
  check_zeros<T, D>(
      {random({0, 8}), random({0, 8}), random({0, 8}), random({2, 3, 5})},
      [](Context<D>& ctx, const auto& v) {
        const KeyMask<D> mask{ctx.template make_step<std::int32_t>({0}), ctx.template make_step<std::uint8_t>({0, 5})};
        const MultiHeadOptions options{.n_heads = 2, .batch = 0};
        return std::vector{attention(ctx, v[0], v[1], v[2], options, v[3], mask).out,
                           attention(ctx, v[0], v[1], v[2], options, {}, mask).out};
      },
      {0, 0});
  // Heads of no dimensions, and a graph without nodes.
  for (const auto& [nodes, dim] : {std::pair<std::int64_t, std::int64_t>{3, 0}, {0, 4}, {0, 0}}) {
    CsrGraph graph;
    for (std::int64_t i = 0; i < nodes; ++i) {
      graph.indices.push_back(static_cast<std::int32_t>(2 - i));
      graph.indptr.push_back(graph.n_edges());
    }
    check_zeros<T, D>({random({nodes, 2 * dim}), random({2, dim}), random({2, dim}), random({2 * dim})},
                      [&](Context<D>& ctx, const auto& v) {
                        return std::vector{gat(ctx, v[0], v[1], v[2], to_device(ctx, graph), {}, v[3])};
                      },
                      {0});
  }
}

template <class D>
void check_empty_draws() {
  Context<D> ctx;
  begin_step(ctx);
  CHECK(draw_rows(ctx, 0, 0, 1).shape == Shape{0});
  CHECK(permutation(ctx, 0, 1, 0, 0).shape == Shape{0});
  const auto none = ctx.template make_step<float>(Shape{0});
  CHECK(softmax_sample(ctx, none, 0, 1).shape == Shape{0});
  const auto lists = ctx.template make_step<std::int32_t>(Shape{3, 0});
  const auto rows = to_device(ctx, std::vector<std::int32_t>{2, 0}, Shape{2});
  CHECK(to_host(ctx, draw_partners(ctx, lists, rows, 1)) == std::vector<std::int32_t>(2, -1));
  CHECK(draw_partners(ctx, lists, ctx.template make_step<std::int32_t>(Shape{0}), 1).shape == Shape{0});
}

/// Nothing was found: ids -1, scores NaN.
template <class T, class D>
void check_found_nothing(Context<D>& ctx, const Tensor<std::int32_t, D>& ids, const Tensor<T, D>& scores, Shape shape) {
  CHECK(ids.shape == shape);
  CHECK(scores.shape == shape);
  CHECK(to_host(ctx, ids) == std::vector<std::int32_t>(shape.size(), -1));
  for (const T score : to_host(ctx, scores)) CHECK(std::isnan(score));
}

template <class T, class D>
void check_empty_searches() {
  Context<D> ctx({.threads = 2});
  const auto set = [&](std::int64_t n, std::int64_t dims) {
    return to_device(ctx, convert<T>(random_values(n * dims, 5)), Shape{n, dims});
  };
  for (const KnnMetric metric : {KnnMetric::euclidean, KnnMetric::cosine}) {
    for (const auto& [queries, points] : {std::pair<std::int64_t, std::int64_t>{0, 0}, {3, 0}, {0, 2}}) {
      const auto near = top_k(ctx, set(queries, 4), set(points, 4), {.k = 3, .metric = metric});
      check_found_nothing(ctx, near.ids, near.scores, {queries, 3});
    }
    const auto alone = top_k(ctx, set(1, 4), set(1, 4), {.k = 2, .metric = metric, .without_self = true});
    check_found_nothing(ctx, alone.ids, alone.scores, {1, 2});
  }
  for (const auto& [first, second] : {std::pair<std::int64_t, std::int64_t>{0, 0}, {5, 0}, {0, 2}}) {
    const auto near = cross_top_k(ctx, set(first, 4), set(second, 4), 3, 2);
    check_found_nothing(ctx, near.of_first.ids, near.of_first.scores, {first, 3});
    check_found_nothing(ctx, near.of_second.ids, near.of_second.scores, {second, 2});
  }
  for (const std::int64_t n : {0, 1}) {
    Matrix<T> points(n, 2);
    for (T& x : points.values) x = T(0.5);
    const auto near = grid_knn(ctx, points, {.k = 3});
    check_found_nothing(ctx, near.ids, near.distances, {n, 3});
  }
}

template <class T, class D>
void check_empty_embedding() {
  Context<D> ctx;
  const auto times = to_device(ctx, std::vector<std::int32_t>{0, 7, 999}, Shape{3});
  CHECK(timestep_embedding<T>(ctx, times, 0).shape() == Shape{3, 0});
  CHECK(to_host(ctx, timestep_embedding<T>(ctx, times, 1).value()) == std::vector<T>(3, T(0)));  // no frequency
}

}  // namespace stx::test
