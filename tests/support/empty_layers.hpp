// Layers on batches without rows, on any device.
#pragma once

#include "run_op.hpp"
#include "stx/graph/device_graph.hpp"
#include "stx/nn/count_decoder.hpp"
#include "stx/nn/dit_block.hpp"
#include "stx/nn/gat_layer.hpp"
#include "stx/nn/skip_mlp.hpp"
#include "stx/nn/transformer_block.hpp"
#include "stx/nn/vae_encoder.hpp"
#include "t5_fixture.hpp"

namespace stx::test {

/// `build(ctx, store)` declares a layer and returns the call that makes its results, of the shapes given, from no
/// row: nothing comes out, and every parameter has gradient 0. Twice in a step, so that gradients are written and
/// added to.
template <class T, class D, class Build>
void check_no_rows(const Build& build, const std::vector<Shape>& shapes) {
  Context<D> ctx({.threads = 2, .gemm_workspace_bytes = 1 << 16});
  ParameterStore<T, D> store;
  const auto call = build(ctx, store);
  store.allocate(ctx, 3);
  for (const int uses : {1, 2}) {
    fill(ctx, ctx.template make_step<T>(Shape{1 << 16}).data, 1 << 16, T(7));  // what a layer gets was used before
    begin_step(ctx);
    store.begin_step();
    for (int use = 0; use < uses; ++use) {
      const std::vector<Var<T, D>> results = call();
      REQUIRE(results.size() == shapes.size());
      for (std::size_t k = 0; k < shapes.size(); ++k) {
        CHECK(results[k].shape() == shapes[k]);
        CHECK(results[k].claim_grad(ctx).data != nullptr);
      }
    }
    ctx.tape().run_backward(ctx);
    for (auto& e : store.entries()) {
      INFO(e.name);
      CHECK(e.state.has_grad);
      CHECK(to_host(ctx, e.state.grad) == std::vector<T>(e.shape.size(), T(0)));
    }
  }
}

template <class T, class D>
void check_layers_without_rows() {
  using Results = std::vector<Var<T, D>>;
  using Store = ParameterStore<T, D>;
  const auto none = [](Context<D>& ctx, std::int64_t width) {
    return leaf(ctx, ctx.template make_step<T>(Shape{0, width}));
  };
  for (const nn::MlpNorm norm : {nn::MlpNorm::none, nn::MlpNorm::batch, nn::MlpNorm::layer})
    check_no_rows<T, D>(
        [&](Context<D>& ctx, Store& store) {
          const nn::Mlp<T, D> layer(ctx, store, "m", {5, 8, 3}, {.dropout = 0.2f, .norm = norm});
          return [=, &ctx] { return Results{layer(ctx, none(ctx, 5))}; };
        },
        {{0, 3}});
  check_no_rows<T, D>(
      [&](Context<D>& ctx, Store& store) {
        const nn::SkipMlp<T, D> layer(ctx, store, "m", 5, {16, 8, 4}, 3);
        return [=, &ctx] { return Results{layer(ctx, none(ctx, 5))}; };
      },
      {{0, 3}});
  for (const bool concat : {true, false})
    check_no_rows<T, D>(
        [&](Context<D>& ctx, Store& store) {
          const nn::GatLayer<T, D> layer(ctx, store, "g", 5, 4, {.n_heads = 3, .concat = concat, .dropout = 0.2f});
          return [=, &ctx, graph = to_device(ctx, CsrGraph())] { return Results{layer(ctx, none(ctx, 5), graph)}; };
        },
        {{0, concat ? 12 : 4}});
  for (const bool batch_norm : {true, false})
    check_no_rows<T, D>(
        [&](Context<D>& ctx, Store& store) {
          const nn::VaeEncoder<T, D> layer(ctx, store, "e", 5, 2, {.hidden = {8, 6}, .batch_norm = batch_norm});
          return [=, &ctx] {
            const Gaussian<T, D> q = layer(ctx, none(ctx, 5));
            return Results{q.mean, q.spread};
          };
        },
        {{0, 2}, {0, 2}});
  check_no_rows<T, D>(
      [&](Context<D>& ctx, Store& store) {
        const nn::CountDecoder<T, D> layer(ctx, store, "d", 4, 7);
        return [=, &ctx] {
          const typename nn::CountDecoder<T, D>::Rows rows{.library =
                                                               constant(ctx, ctx.template make_step<T>(Shape{0}))};
          CHECK(layer.mean(ctx, none(ctx, 4), rows).mean.shape == Shape{0, 7});
          return Results{layer(ctx, none(ctx, 4), ctx.template make_step<T>(Shape{0, 7}), rows)};
        };
      },
      {{0}});
  for (const bool cross : {true, false})
    check_no_rows<T, D>(
        [&](Context<D>& ctx, Store& store) {
          const nn::DitBlock<T, D> block(ctx, store, "b", 8, {.n_heads = 2, .mlp_ratio = 2, .cross = cross});
          return [=, &ctx] {
            const auto memory = cross ? block.project_memory(ctx, none(ctx, 8)) : Var<T, D>();
            return Results{block(ctx, none(ctx, 8), none(ctx, 8), memory)};
          };
        },
        {{0, 8}});
  check_no_rows<T, D>(
      [&](Context<D>& ctx, Store& store) {
        const nn::TransformerBlock<T, D> block(ctx, store, "b", 8, {.n_heads = 2, .hidden = 12, .dropout = 0.2f});
        return [=, &ctx] { return Results{block(ctx, none(ctx, 8), 0)}; };
      },
      {{0, 8}});
  for (const bool gated : {false, true}) {
    Context<D> ctx;
    const auto encoder = t5_fixture<T>(ctx, gated);
    for (const std::int64_t batch : {0, 3})  // no sequences; three without a token
      CHECK(encoder(ctx, ctx.template make_step<std::int32_t>(Shape{0}), batch).shape() == Shape{0, 6});
  }
}

}  // namespace stx::test
