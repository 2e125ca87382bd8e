#include "stx/nn/mlp.hpp"

#include "support/layer_check.hpp"
#include "support/naive_norm.hpp"

using namespace stx::test;
using stx::Activation;
using stx::Context;
using stx::Cpu;
using stx::Shape;
using stx::nn::MlpNorm;
using Mlp = stx::nn::Mlp<double, Cpu>;
using Names = std::vector<std::string>;

TEST_CASE("nn::LayerNorm: gain 1 and shift 0 at the start, or none") {
  Context<Cpu> ctx;
  LayerStore store;
  const stx::nn::LayerNorm<double, Cpu> affine(ctx, store, "a", 5);
  const stx::nn::LayerNorm<double, Cpu> bare(ctx, store, "b", 5, {.eps = 1e-6, .affine = false});
  store.allocate(ctx, 1);
  CHECK(names(store) == Names{"a.gain(5)", "a.shift(5)"});
  const auto values = random_values(15, 1);
  const auto x = constant(ctx, to_device(ctx, values, Shape{3, 5}));
  const std::vector<double> one(5, 1.0), zero(5, 0.0), none(15, 0.0);
  const auto want = [&](double eps) { return naive::row_norm<double>(values, one, zero, none, 3, 5, 3, true, eps).y; };
  CHECK(max_error(to_host(ctx, affine(ctx, x).value()), want(1e-5)) < 1e-14);
  CHECK(max_error(to_host(ctx, bare(ctx, x).value()), want(1e-6)) < 1e-14);
}

TEST_CASE("nn::Mlp: parameters of every kind of norm") {
  Context<Cpu> ctx;
  LayerStore plain, batch, layer;
  const Mlp a(ctx, plain, "m", {20, 64, 32, 2});
  const Mlp b(ctx, batch, "m", {6, 4}, {.norm = MlpNorm::batch, .plain_output = false});
  const Mlp c(ctx, layer, "m", {6, 4, 3}, {.norm = MlpNorm::layer, .zero_bias = true});
  CHECK(names(plain) == Names{"m.0.weight(64, 20)", "m.0.bias(64)", "m.1.weight(32, 64)", "m.1.bias(32)",
                              "m.2.weight(2, 32)", "m.2.bias(2)"});
  CHECK(names(batch) == Names{"m.0.weight(4, 6)", "m.0.bias(4)", "m.0.norm.gain(4)", "m.0.norm.shift(4)"});
  CHECK(batch.buffers().size() == 2);
  CHECK(names(layer) == Names{"m.0.weight(4, 6)", "m.0.bias(4)", "m.0.norm.gain(4)", "m.0.norm.shift(4)",
                              "m.1.weight(3, 4)", "m.1.bias(3)"});
  layer.allocate(ctx, 1);
  CHECK(max_abs(value_of(ctx, layer, "m.0.bias")) == 0);
  CHECK(max_abs(value_of(ctx, layer, "m.0.weight")) <= 1 / std::sqrt(6.0));
}

TEST_CASE("nn::Mlp: linear, norm, activation in this order, the last layer plain") {
  for (MlpNorm norm : {MlpNorm::none, MlpNorm::batch, MlpNorm::layer}) {
    INFO("norm ", static_cast<int>(norm));
    Context<Cpu> ctx;
    LayerStore store;
    const Mlp mlp(ctx, store, "m", {5, 4, 3}, {.activation = Activation::silu, .norm = norm});
    store.allocate(ctx, 2);
    stx::begin_step(ctx);
    const std::int64_t rows = 7;
    const auto values = random_values(rows * 5, 1);
    const auto y = mlp(ctx, constant(ctx, to_device(ctx, values, Shape{rows, 5})));
    const auto linear = [&](const std::vector<double>& x, const std::string& name, std::int64_t in, std::int64_t out) {
      auto z = naive::gemm(x, value_of(ctx, store, name + ".weight"), rows, out, in, false, true);
      const auto bias = value_of(ctx, store, name + ".bias");
      for (std::size_t i = 0; i < z.size(); ++i) z[i] += bias[i % bias.size()];
      return z;
    };
    auto h = linear(values, "m.0", 5, 4);
    const std::vector<double> one(4, 1.0), zero(4, 0.0), none(h.size(), 0.0);
    if (norm == MlpNorm::batch)
      h = naive::batch_norm<double>(h, one, zero, zero, one, {}, Activation::identity, none, rows, 4, true, 1e-5, 0.1)
              .y;
    if (norm == MlpNorm::layer) h = naive::row_norm<double>(h, one, zero, none, rows, 4, rows, true, 1e-5).y;
    for (double& v : h) v = naive::activation(Activation::silu, v);
    CHECK(max_error(to_host(ctx, y.value()), linear(h, "m.1", 4, 3)) < 1e-13);
  }
}

TEST_CASE("nn::Mlp: gradients of every parameter, dropout included") {
  for (MlpNorm norm : {MlpNorm::none, MlpNorm::batch, MlpNorm::layer}) {
    INFO("norm ", static_cast<int>(norm));
    Context<Cpu> ctx({.threads = 2, .seed = 5});
    LayerStore store;
    const Mlp mlp(ctx, store, "m", {3, 5, 4, 2},
                  {.activation = Activation::gelu, .dropout = 0.2f, .norm = norm, .eps = 0.1});
    store.allocate(ctx, 4);
    stx::begin_step(ctx);
    const auto x = to_device(ctx, random_values(8 * 3, 1), Shape{8, 3});
    check_parameter_gradients(ctx, store, [&] { return mlp(ctx, constant(ctx, x)); });
  }
}

TEST_CASE("nn::Mlp: evaluation repeats itself and drops nothing; too few widths are an error") {
  Context<Cpu> ctx({.seed = 5});
  LayerStore store;
  const Mlp mlp(ctx, store, "m", {3, 40, 2}, {.dropout = 0.5f});
  CHECK_THROWS_WITH_AS(Mlp(ctx, store, "n", {3}),
                       "[Mlp] widths must be those of the input, of hidden layers and of the output, got 1",
                       stx::ArgumentError);
  store.allocate(ctx, 4);
  const auto x = to_device(ctx, random_values(9, 1), Shape{3, 3});
  const auto run = [&] {
    stx::begin_step(ctx);
    return to_host(ctx, mlp(ctx, constant(ctx, x)).value());
  };
  const auto trained = run();
  CHECK_FALSE(same_bits(trained, run()));
  const stx::NoGrad<Cpu> no_grad(ctx);
  const auto evaluated = run();
  CHECK(same_bits(evaluated, run()));
  CHECK_FALSE(same_bits(evaluated, trained));
}
