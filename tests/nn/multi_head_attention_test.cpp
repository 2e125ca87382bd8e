#include "stx/nn/multi_head_attention.hpp"

#include "support/golden.hpp"
#include "support/layer_check.hpp"

using namespace stx::test;
using stx::Context;
using stx::Cpu;
using stx::KeyMask;
using stx::Shape;
using Layer = stx::nn::MultiHeadAttention<double, Cpu>;

namespace {

/// Sets the parameters whose names, with dots as underscores, are in the golden file.
void set_parameters(LayerStore& store, const golden::Arrays& g) {
  for (auto& e : store.entries()) {
    std::string name = e.name;
    std::replace(name.begin(), name.end(), '.', '_');
    const auto& values = g.at(name).values;
    REQUIRE(static_cast<std::int64_t>(values.size()) == e.shape.size());
    std::copy(values.begin(), values.end(), e.state.value.data);
  }
}

}  // namespace

TEST_CASE("nn::MultiHeadAttention: PyTorch's names and initial bounds") {
  Context<Cpu> ctx;
  LayerStore store;
  const Layer packed(ctx, store, "a", 32, {.n_heads = 4});
  const Layer apart(ctx, store, "b", 16, {.bias = false, .packed = false, .key_width = 48});
  store.allocate(ctx, 3);
  CHECK(names(store) == std::vector<std::string>{"a.in_proj_weight(96, 32)", "a.in_proj_bias(96)",
                                                 "a.out_proj.weight(32, 32)", "a.out_proj.bias(32)",
                                                 "b.q_proj_weight(16, 16)", "b.k_proj_weight(16, 48)",
                                                 "b.v_proj_weight(16, 48)", "b.out_proj.weight(16, 16)"});
  const auto near = [&](const char* name, double bound) {
    const double largest = max_abs(value_of(ctx, store, name));
    CHECK(largest <= bound);
    CHECK(largest > 0.95 * bound);
  };
  near("a.in_proj_weight", std::sqrt(6.0 / 128));
  near("a.out_proj.weight", std::sqrt(1.0 / 32));
  near("b.q_proj_weight", std::sqrt(6.0 / 32));
  near("b.k_proj_weight", std::sqrt(6.0 / 64));
  near("b.out_proj.weight", 0.25);
  CHECK(max_abs(value_of(ctx, store, "a.in_proj_bias")) == 0);
  CHECK(max_abs(value_of(ctx, store, "a.out_proj.bias")) == 0);
}

TEST_CASE("nn::MultiHeadAttention: PyTorch's output, packed with padding") {
  Context<Cpu> ctx;
  LayerStore store;
  const Layer layer(ctx, store, "self", 8, {.n_heads = 2});
  const Layer cross(ctx, store, "cross", 8, {.n_heads = 2, .packed = false, .key_width = 6});
  store.allocate(ctx, 3);
  const auto g = golden::load("ops/multi_head_attention.txt");
  set_parameters(store, g);
  const auto input = [&](const char* name, std::int64_t width) {
    const auto& values = g.at(name).values;
    return constant(ctx, to_device(ctx, values, Shape{static_cast<std::int64_t>(values.size()) / width, width}));
  };
  std::vector<std::int32_t> lengths = {5, 2};
  const KeyMask<Cpu> mask{{lengths.data(), Shape{2}}, {}};
  const auto out = layer(ctx, input("x", 8), 2, {}, mask);
  CHECK(max_error(to_host(ctx, out.value()), g.at("self_out").values) < 1e-13);
  const auto crossed = cross(ctx, input("x", 8), input("memory", 6), 2);
  CHECK(max_error(to_host(ctx, crossed.value()), g.at("cross_out").values) < 1e-13);
}

TEST_CASE("nn::MultiHeadAttention: gradients of every parameter, dropout included") {
  for (bool packed : {true, false}) {
    Context<Cpu> ctx({.threads = 2, .seed = 5});
    LayerStore store;
    const Layer layer(ctx, store, "a", 4, {.n_heads = 2, .dropout = 0.2f, .packed = packed});
    store.allocate(ctx, 8);
    stx::begin_step(ctx);
    const auto x = to_device(ctx, random_values(6 * 4, 1), Shape{6, 4});
    check_parameter_gradients(ctx, store, [&] { return layer(ctx, constant(ctx, x), 2); });
  }
}

TEST_CASE("nn::MultiHeadAttention: wrong uses are errors") {
  Context<Cpu> ctx;
  LayerStore store;
  CHECK_THROWS_WITH_AS(Layer(ctx, store, "a", 4, {.key_width = 6}),
                       "[MultiHeadAttention] a packed projection needs key_width = width = 4, got 6; set "
                       "packed = false",
                       stx::ArgumentError);
  const Layer layer(ctx, store, "b", 4);
  store.allocate(ctx, 1);
  const auto x = constant(ctx, to_device(ctx, std::vector<double>(8), Shape{2, 4}));
  CHECK_THROWS_WITH_AS(layer(ctx, x, x),
                       "[MultiHeadAttention] a packed projection attends to its own input only; set "
                       "packed = false",
                       stx::ArgumentError);
}
