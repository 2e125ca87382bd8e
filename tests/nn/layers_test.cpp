#include <doctest/doctest.h>

#include "stx/nn/cross_attention.hpp"
#include "stx/nn/linear.hpp"
#include "stx/nn/residual_layer_norm.hpp"
#include "support/layer_check.hpp"
#include "support/naive.hpp"

using namespace stx::test;
using stx::Activation;
using stx::Context;
using stx::Cpu;
using stx::Shape;
using Store = LayerStore;

TEST_CASE("nn::Linear: parameters, initial bounds, value") {
  Context<Cpu> ctx;
  Store store;
  const stx::nn::Linear<double, Cpu> layer(ctx, store, "st1", 25, 400, {.activation = Activation::gelu});
  const stx::nn::Linear<double, Cpu> wide(ctx, store, "wide", 25, 400, {.weight_bound = 3, .zero_bias = true});
  store.allocate(ctx, 3);
  CHECK(names(store) ==
        std::vector<std::string>{"st1.weight(400, 25)", "st1.bias(400)", "wide.weight(400, 25)", "wide.bias(400)"});
  const auto near = [](double largest, double bound) { return largest <= bound && largest > 0.98 * bound; };
  CHECK(near(max_abs(value_of(ctx, store, "st1.weight")), 0.2));
  CHECK(near(max_abs(value_of(ctx, store, "st1.bias")), 0.2));
  CHECK(near(max_abs(value_of(ctx, store, "wide.weight")), 3));
  CHECK(max_abs(value_of(ctx, store, "wide.bias")) == 0);

  const auto x = random_values(7 * 25, 1);
  const auto y = layer(ctx, constant(ctx, to_device(ctx, x, Shape{7, 25})));
  const auto want = naive::linear(x, value_of(ctx, store, "st1.weight"), value_of(ctx, store, "st1.bias"), {}, true,
                                  std::vector<double>(7 * 400, 0.0), 7, 25, 400)
                        .y;
  CHECK(max_error(to_host(ctx, y.value()), want) < 1e-14);
}

TEST_CASE(
    "nn::CrossAttention: parameters, initial bounds, and the formula of a packed multi-head "
    "attention") {
  Context<Cpu> ctx;
  Store store;
  const std::int64_t width = 32;
  const stx::nn::CrossAttention<double, Cpu> layer(ctx, store, "a", width, {.n_heads = 4});
  store.allocate(ctx, 3);
  CHECK(names(store) == std::vector<std::string>{"a.query.weight(32, 32)", "a.query.bias(32)", "a.key.weight(32, 32)",
                                                 "a.key.bias(32)", "a.value.weight(32, 32)", "a.value.bias(32)",
                                                 "a.out.weight(32, 32)", "a.out.bias(32)"});
  // Xavier-uniform of the packed (3 width x width) matrix: sqrt(6 / (3 width + width)).
  for (const char* name : {"a.query", "a.key", "a.value"}) {
    const double largest = max_abs(value_of(ctx, store, std::string(name) + ".weight"));
    CHECK(largest <= std::sqrt(6.0 / 128));
    CHECK(largest > 0.98 * std::sqrt(6.0 / 128));
    CHECK(max_abs(value_of(ctx, store, std::string(name) + ".bias")) == 0);
  }
  CHECK(max_abs(value_of(ctx, store, "a.out.weight")) <= 1 / std::sqrt(32.0));
  CHECK(max_abs(value_of(ctx, store, "a.out.bias")) == 0);

  const auto queries = random_values(6 * width, 1), memory = random_values(5 * width, 2);
  const auto result = layer(ctx, constant(ctx, to_device(ctx, queries, Shape{6, width})),
                            constant(ctx, to_device(ctx, memory, Shape{5, width})), true);
  const auto project = [&](const char* name, const std::vector<double>& x, std::int64_t rows) {
    return naive::gemm(x, value_of(ctx, store, std::string(name) + ".weight"), rows, width, width, false, true);
  };
  const auto attended = naive::attention<double>(project("a.query", queries, 6), project("a.key", memory, 5),
                                                 project("a.value", memory, 5), {}, {}, {}, 6, 5, width, 4);
  CHECK(max_error(to_host(ctx, result.weights.value()), attended.weights) < 1e-14);
  CHECK(max_error(to_host(ctx, result.out.value()), project("a.out", attended.out, 6)) < 1e-13);
}

TEST_CASE("nn::CrossAttention: few keys folded into the projections give the same result, dropout and all") {
  Context<Cpu> ctx({.seed = 9});
  Store store;
  const std::int64_t width = 32, rows = 40, n_keys = 5;
  const stx::nn::CrossAttention<double, Cpu> layer(ctx, store, "a", width, {.n_heads = 4, .dropout = 0.3f});
  store.allocate(ctx, 3);
  const auto queries = to_device(ctx, random_values(rows * width, 1), Shape{rows, width});
  const auto memory = to_device(ctx, random_values(n_keys * width, 2), Shape{n_keys, width});
  // With the weights asked for, queries are projected and attended to; without, the keys are folded.
  const auto run = [&](bool weights) {
    begin_pass(ctx);
    store.begin_step();
    const auto q = leaf(ctx, queries), m = leaf(ctx, memory);
    const auto out = layer(ctx, q, m, weights).out;
    const std::vector<double> grad = random_values(rows * width, 3);
    stx::copy_to_device(ctx, out.claim_grad(ctx).data, grad.data(), grad.size() * sizeof(double));
    ctx.tape().run_backward(ctx);
    return std::array{to_host(ctx, out.value()), to_host(ctx, q.grad()), to_host(ctx, m.grad()),
                      to_host(ctx, store.grads())};
  };
  stx::begin_step(ctx);
  const auto folded = run(false), projected = run(true);
  for (std::size_t k = 0; k < folded.size(); ++k) CHECK(max_error(folded[k], projected[k]) <= 1e-13);
  CHECK(!same_bits(folded[0], projected[0]));  // the two ways round differently: both were taken
}

TEST_CASE("nn::ResidualLayerNorm: gain 1 and shift 0 at the start; without_branch leaves x out") {
  Context<Cpu> ctx;
  Store store;
  const stx::nn::ResidualLayerNorm<double, Cpu> norm(ctx, store, "n", 9);
  store.allocate(ctx, 3);
  CHECK(value_of(ctx, store, "n.gain") == std::vector<double>(9, 1.0));
  CHECK(value_of(ctx, store, "n.shift") == std::vector<double>(9, 0.0));
  const auto x = constant(ctx, to_device(ctx, random_values(27, 1), Shape{3, 9}));
  const auto zero = constant(ctx, to_device(ctx, std::vector<double>(27, 0.0), Shape{3, 9}));
  const auto r = constant(ctx, to_device(ctx, random_values(27, 2), Shape{3, 9}));
  const auto without = to_host(ctx, norm.without_branch(ctx, r).value());
  CHECK(max_error(without, to_host(ctx, norm(ctx, zero, r).value())) == 0);
  CHECK(max_error(without, to_host(ctx, norm(ctx, x, r).value())) > 0.1);
}

TEST_CASE("nn: gradients of every parameter of a small network, dropout included") {
  Context<Cpu> ctx({.threads = 2, .seed = 5});
  Store store;
  const stx::nn::Linear<double, Cpu> encoder(ctx, store, "encoder", 3, 4,
                                             {.activation = Activation::gelu, .dropout = 0.2f});
  const stx::nn::CrossAttention<double, Cpu> attention(ctx, store, "attention", 4, {.n_heads = 2, .dropout = 0.2f});
  const stx::nn::ResidualLayerNorm<double, Cpu> norm(ctx, store, "norm", 4, 0.2f);
  store.allocate(ctx, 8);
  stx::begin_step(ctx);
  const auto x = to_device(ctx, random_values(15, 1), Shape{5, 3});
  const auto memory = to_device(ctx, random_values(12, 2), Shape{3, 4});
  check_parameter_gradients(ctx, store, [&] {
    const auto q = encoder(ctx, constant(ctx, x));
    return norm(ctx, attention(ctx, q, constant(ctx, memory)).out, q);
  });
}

TEST_CASE("nn: layers with dropout have sites of their own") {
  Context<Cpu> ctx({.seed = 5});
  Store store;
  using Layer = stx::nn::Linear<double, Cpu>;
  const Layer a(ctx, store, "a", 1, 200, {.dropout = 0.5f, .weight_bound = 0});
  const Layer b(ctx, store, "b", 1, 200, {.dropout = 0.5f, .weight_bound = 0});
  store.allocate(ctx, 8);
  stx::begin_step(ctx);
  const auto x = constant(ctx, to_device(ctx, std::vector<double>{1}, Shape{1, 1}));
  const auto dropped = [&](const Layer& layer) {
    auto y = to_host(ctx, layer(ctx, x).value());
    for (double& v : y) v = v == 0;
    return y;
  };
  CHECK(dropped(a) == dropped(a));
  CHECK(dropped(a) != dropped(b));
}
