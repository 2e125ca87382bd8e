#include "stx/nn/gat_layer.hpp"

#include "support/layer_check.hpp"
#include "support/naive.hpp"
#include "support/naive_graph.hpp"

using namespace stx::test;
using stx::Context;
using stx::Cpu;
using stx::CsrGraph;
using stx::Shape;
using Layer = stx::nn::GatLayer<double, Cpu>;

namespace {

const CsrGraph ring = stx::with_self_loops(stx::graph_of_edges(5, {1, 2, 3, 4, 0}, {0, 1, 2, 3, 4}));

}  // namespace

TEST_CASE("nn::GatLayer: PyTorch Geometric's names and initial bounds") {
  Context<Cpu> ctx;
  LayerStore store;
  const Layer concat(ctx, store, "a", 30, 20, {.n_heads = 4});
  const Layer mean(ctx, store, "b", 30, 20, {.n_heads = 4, .concat = false});
  const Layer bare(ctx, store, "c", 3, 2, {.bias = false});
  store.allocate(ctx, 3);
  CHECK(names(store) == std::vector<std::string>{"a.lin.weight(80, 30)", "a.att_src(4, 20)", "a.att_dst(4, 20)",
                                                 "a.bias(80)", "b.lin.weight(80, 30)", "b.att_src(4, 20)",
                                                 "b.att_dst(4, 20)", "b.bias(20)", "c.lin.weight(2, 3)",
                                                 "c.att_src(1, 2)", "c.att_dst(1, 2)"});
  const auto near = [&](const char* name, double bound) {
    const double largest = max_abs(value_of(ctx, store, name));
    CHECK(largest <= bound);
    CHECK(largest > 0.9 * bound);
  };
  near("a.lin.weight", std::sqrt(6.0 / 110));
  near("a.att_src", std::sqrt(6.0 / 24));
  near("a.att_dst", std::sqrt(6.0 / 24));
  CHECK(max_abs(value_of(ctx, store, "a.bias")) == 0);
}

TEST_CASE("nn::GatLayer: the formula, heads side by side and their mean") {
  for (bool concat : {true, false}) {
    Context<Cpu> ctx;
    LayerStore store;
    const Layer layer(ctx, store, "a", 6, 4, {.n_heads = 3, .concat = concat});
    store.allocate(ctx, 3);
    const auto graph = to_device(ctx, ring);
    double* bias = store.entries()[3].state.value.data;
    for (int c = 0; c < (concat ? 12 : 4); ++c) bias[c] = c - 2.5;
    const auto x = random_values(5 * 6, 1);
    const auto y = layer(ctx, constant(ctx, to_device(ctx, x, Shape{5, 6})), graph);

    naive::Gat<double> want;
    want.n_heads = 3;
    want.dim = 4;
    for (std::int64_t i = 0; i < 5; ++i)
      want.rows.emplace_back(ring.indices.begin() + ring.indptr[i], ring.indices.begin() + ring.indptr[i + 1]);
    want.h = naive::gemm(x, value_of(ctx, store, "a.lin.weight"), 5, 12, 6, false, true);
    want.a_src = value_of(ctx, store, "a.att_src");
    want.a_dst = value_of(ctx, store, "a.att_dst");
    want.grad_out.assign(60, 0.0);
    want.run();
    std::vector<double> expected(concat ? 60 : 20, 0.0);
    for (std::size_t at = 0; at < 60; ++at) {
      if (concat) {
        expected[at] = want.out[at] + bias[at % 12];
      } else {
        const std::size_t mean_at = at / 12 * 4 + at % 4;
        expected[mean_at] += want.out[at] / 3 + (at % 12 < 4 ? bias[at % 4] : 0.0);
      }
    }
    CHECK(y.shape() == Shape{5, concat ? 12 : 4});
    CHECK(max_error(to_host(ctx, y.value()), expected) < 1e-14);
  }
}

TEST_CASE("nn::GatLayer: gradients of every parameter, dropout included") {
  for (bool concat : {true, false}) {
    Context<Cpu> ctx({.threads = 2, .seed = 5});
    LayerStore store;
    const Layer layer(ctx, store, "a", 3, 2, {.n_heads = 2, .concat = concat, .dropout = 0.3f});
    store.allocate(ctx, 8);
    const auto graph = to_device(ctx, ring);
    stx::begin_step(ctx);
    const auto x = to_device(ctx, random_values(15, 1), Shape{5, 3});
    check_parameter_gradients(ctx, store, [&] { return layer(ctx, constant(ctx, x), graph); });
  }
}
