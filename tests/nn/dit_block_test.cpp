#include "stx/nn/dit_block.hpp"

#include "support/golden.hpp"
#include "support/layer_check.hpp"

using namespace stx::test;
using stx::Context;
using stx::Cpu;
using stx::Shape;
using Block = stx::nn::DitBlock<double, Cpu>;

namespace {

/// Random values for all parameters, so that gates and the cross-attention's output are not 0.
void scatter(LayerStore& store) {
  std::uint64_t seed = 50;
  for (auto& e : store.entries()) {
    const auto values = random_values(e.shape.size(), ++seed, -0.4, 0.4);
    std::copy(values.begin(), values.end(), e.state.value.data);
  }
}

}  // namespace

TEST_CASE("nn::DitBlock: parameters, and the identity at the start, bit for bit") {
  Context<Cpu> ctx;
  LayerStore store;
  const Block block(ctx, store, "b", 8, {.n_heads = 2});
  const Block plain(ctx, store, "p", 8, {.n_heads = 2, .mlp_ratio = 2, .cross = false});
  store.allocate(ctx, 3);
  const auto all = names(store);
  CHECK(std::vector(all.begin(), all.begin() + 16) ==
        std::vector<std::string>{"b.ada.weight(48, 8)", "b.ada.bias(48)", "b.qkv.weight(24, 8)", "b.qkv.bias(24)",
                                 "b.out.weight(8, 8)", "b.out.bias(8)", "b.cross_query.weight(8, 8)",
                                 "b.cross_query.bias(8)", "b.cross_memory.weight(16, 8)", "b.cross_memory.bias(16)",
                                 "b.cross_out.weight(8, 8)", "b.cross_out.bias(8)", "b.mlp_in.weight(32, 8)",
                                 "b.mlp_in.bias(32)", "b.mlp_out.weight(8, 32)", "b.mlp_out.bias(8)"});
  CHECK(all.size() == 16 + 10);
  CHECK(max_abs(value_of(ctx, store, "b.ada.weight")) == 0);
  CHECK(max_abs(value_of(ctx, store, "b.cross_out.weight")) == 0);
  const double largest = max_abs(value_of(ctx, store, "b.qkv.weight"));
  CHECK(largest <= std::sqrt(6.0 / 32));
  CHECK(largest > 0.9 * std::sqrt(6.0 / 32));
  const auto values = random_values(6 * 8, 1);
  const auto z = constant(ctx, to_device(ctx, values, Shape{6, 8}));
  const auto c = constant(ctx, to_device(ctx, random_values(16, 2), Shape{2, 8}));
  const auto memory = constant(ctx, to_device(ctx, random_values(64, 3), Shape{8, 8}));
  const auto y = block(ctx, z, c, block.project_memory(ctx, memory));
  CHECK(same_bits(to_host(ctx, y.value()), values));
  CHECK(same_bits(to_host(ctx, plain(ctx, z, c).value()), values));
}

TEST_CASE("nn::DitBlock: PyTorch's output and gradients") {
  const auto g = golden::load("ops/dit_block.txt");
  Context<Cpu> ctx;
  LayerStore store;
  const Block block(ctx, store, "b", 8, {.n_heads = 2, .mlp_ratio = 2});
  store.allocate(ctx, 3);
  for (auto& e : store.entries()) upload(ctx, e.state.value, std::span<const double>(g.at(e.name.substr(2)).values));
  stx::begin_pass(ctx);
  const auto input = [&](const char* name) { return leaf(ctx, to_device(ctx, g.at(name))); };
  const auto z = input("z"), c = input("c"), memory = input("memory");
  const auto y = block(ctx, z, c, block.project_memory(ctx, memory));
  const auto& weight = g.at("grad_y").values;
  copy_to_device(ctx, y.claim_grad(ctx).data, weight.data(), weight.size() * sizeof(double));
  ctx.tape().run_backward(ctx);
  CHECK(max_error(to_host(ctx, y.value()), g.at("y").values) < 1e-13);
  CHECK(max_error(to_host(ctx, z.grad()), g.at("grad_z").values) < 1e-13);
  CHECK(max_error(to_host(ctx, c.grad()), g.at("grad_c").values) < 1e-13);
  CHECK(max_error(to_host(ctx, memory.grad()), g.at("grad_memory").values) < 1e-13);
}

TEST_CASE("nn::DitBlock: gradients of every parameter; samples do not see each other") {
  Context<Cpu> ctx({.threads = 2});
  LayerStore store;
  const Block block(ctx, store, "b", 4, {.n_heads = 2, .mlp_ratio = 1});
  store.allocate(ctx, 3);
  scatter(store);
  auto values = random_values(2 * 3 * 4, 1);
  const auto c = to_device(ctx, random_values(2 * 4, 2), Shape{2, 4});
  const auto memory = to_device(ctx, random_values(2 * 2 * 4, 3), Shape{4, 4});
  const auto run = [&] {
    const auto z = constant(ctx, to_device(ctx, values, Shape{6, 4}));
    return block(ctx, z, constant(ctx, c), block.project_memory(ctx, constant(ctx, memory)));
  };
  check_parameter_gradients(ctx, store, run);
  const auto before = to_host(ctx, run().value());
  values.back() += 1;
  const auto after = to_host(ctx, run().value());
  CHECK(std::equal(before.begin(), before.begin() + 12, after.begin()));
  CHECK_FALSE(std::equal(before.begin() + 12, before.end(), after.begin() + 12));
}

TEST_CASE("nn::DitBlock: wrong calls are errors") {
  Context<Cpu> ctx;
  LayerStore store;
  const Block block(ctx, store, "b", 4, {.n_heads = 2});
  store.allocate(ctx, 3);
  const auto z = constant(ctx, to_device(ctx, random_values(24, 1), Shape{6, 4}));
  const auto c = constant(ctx, to_device(ctx, random_values(16, 1), Shape{4, 4}));
  CHECK_THROWS_WITH_AS(block(ctx, z, c), "[DitBlock] a block with cross-attention needs the projected memory",
                       stx::ArgumentError);
  CHECK_THROWS_WITH_AS(block(ctx, z, c, block.project_memory(ctx, z)),
                       "[DitBlock] z must be (batch * tokens, 4) and c (batch, 4), got (6, 4) and (4, 4)",
                       stx::ArgumentError);
}
