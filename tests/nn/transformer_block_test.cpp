#include "stx/nn/transformer_block.hpp"

#include "support/golden.hpp"
#include "support/layer_check.hpp"

using namespace stx::test;
using stx::Context;
using stx::Cpu;
using stx::KeyMask;
using stx::Shape;
using Block = stx::nn::TransformerBlock<double, Cpu>;

TEST_CASE("nn::TransformerBlock: PyTorch's names and output, post-norm and pre-norm, with padding") {
  const auto g = golden::load("ops/transformer_block.txt");
  for (const bool pre : {false, true}) {
    Context<Cpu> ctx;
    LayerStore store;
    const Block block(
        ctx, store, "b", 8,
        {.n_heads = 2, .hidden = 12, .activation = stx::Activation::gelu, .pre_norm = pre, .dropout = 0.3f});
    store.allocate(ctx, 3);
    CHECK(names(store) == std::vector<std::string>{"b.self_attn.in_proj_weight(24, 8)", "b.self_attn.in_proj_bias(24)",
                                                   "b.self_attn.out_proj.weight(8, 8)", "b.self_attn.out_proj.bias(8)",
                                                   "b.linear1.weight(12, 8)", "b.linear1.bias(12)",
                                                   "b.linear2.weight(8, 12)", "b.linear2.bias(8)", "b.norm1.weight(8)",
                                                   "b.norm1.bias(8)", "b.norm2.weight(8)", "b.norm2.bias(8)"});
    for (auto& e : store.entries()) {
      std::string name = (pre ? "pre_" : "post_") + e.name.substr(2);
      std::replace(name.begin(), name.end(), '.', '_');
      const auto& values = g.at(name).values;
      REQUIRE(static_cast<std::int64_t>(values.size()) == e.shape.size());
      std::copy(values.begin(), values.end(), e.state.value.data);
    }
    std::vector<std::int32_t> lengths = {5, 2};
    const KeyMask<Cpu> mask{{lengths.data(), Shape{2}}, {}};
    const stx::NoGrad<Cpu> evaluation(ctx);
    const auto x = constant(ctx, to_device(ctx, g.at("x").values, Shape{10, 8}));
    const auto y = to_host(ctx, block(ctx, x, 2, {}, mask).value());
    const auto& want = g.at(pre ? "pre_out" : "post_out").values;
    for (std::size_t i = 0; i < 80; ++i)
      if (i < 56) CHECK(std::abs(y[i] - want[i]) < 1e-12);  // what follows is padding
  }
}

TEST_CASE("nn::TransformerBlock: gradients of every parameter, dropout included; no rows") {
  for (const bool pre : {false, true}) {
    Context<Cpu> ctx({.threads = 2, .seed = 5});
    LayerStore store;
    const Block block(ctx, store, "b", 4, {.n_heads = 2, .hidden = 3, .pre_norm = pre, .dropout = 0.2f});
    store.allocate(ctx, 8);
    stx::begin_step(ctx);
    const auto x = to_device(ctx, random_values(6 * 4, 1), Shape{6, 4});
    check_parameter_gradients(ctx, store, [&] { return block(ctx, constant(ctx, x), 2); });
    CHECK(block(ctx, constant(ctx, to_device(ctx, std::vector<double>{}, Shape{0, 4}))).shape() == Shape{0, 4});
  }
}
