// Layers on CUDA against the CPU: results, and gradients of inputs and parameters.
#include "stx/graph/device_graph.hpp"
#include "stx/nn/dit_block.hpp"
#include "stx/nn/gat_layer.hpp"
#include "stx/nn/skip_mlp.hpp"
#include "stx/nn/timestep_embedding.hpp"
#include "stx/nn/transformer_block.hpp"
#include "support/compare_layers.hpp"
#include "support/naive_graph.hpp"

using namespace stx::test;
using stx::Context;
using stx::Init;
using stx::ParameterStore;
using stx::Shape;

TEST_CASE("nn::DitBlock on CUDA") {
  if (no_cuda_device()) return;
  compare_layer([]<class T, class D>(Context<D>& ctx, ParameterStore<T, D>& store) {
    const stx::nn::DitBlock<T, D> block(ctx, store, "b", 8, {.n_heads = 2, .mlp_ratio = 2});
    const auto z = store.add("z", Shape{6, 8}, Init::filled(0)), c = store.add("c", Shape{2, 8}, Init::filled(0)),
               memory = store.add("memory", Shape{10, 8}, Init::filled(0));
    return [=, &ctx] { return block(ctx, z, c, block.project_memory(ctx, memory)); };
  });
}

TEST_CASE("nn::TransformerBlock and packed nn::MultiHeadAttention on CUDA") {
  if (no_cuda_device()) return;
  for (const bool pre_norm : {true, false})
    compare_layer([pre_norm]<class T, class D>(Context<D>& ctx, ParameterStore<T, D>& store) {
      const stx::nn::TransformerBlock<T, D> block(ctx, store, "b", 8,
                                                  {.n_heads = 2, .hidden = 12, .pre_norm = pre_norm, .dropout = 0.2f});
      const auto x = store.add("x", Shape{10, 8}, Init::filled(0));
      return [=, &ctx] { return block(ctx, x, 2); };
    });
}

TEST_CASE("nn::MultiHeadAttention on CUDA: another sequence of another width") {
  if (no_cuda_device()) return;
  compare_layer([]<class T, class D>(Context<D>& ctx, ParameterStore<T, D>& store) {
    const stx::nn::MultiHeadAttention<T, D> layer(
        ctx, store, "a", 8, {.n_heads = 2, .dropout = 0.2f, .out_dropout = 0.2f, .packed = false, .key_width = 6});
    const auto queries = store.add("queries", Shape{6, 8}, Init::filled(0)),
               memory = store.add("memory", Shape{10, 6}, Init::filled(0));
    return [=, &ctx] { return layer(ctx, queries, memory, 2); };
  });
}

TEST_CASE("nn::GatLayer on CUDA") {
  if (no_cuda_device()) return;
  stx::CsrGraph csr;
  for (const auto& row : naive::random_rows(23, 4, 3)) {
    csr.indices.insert(csr.indices.end(), row.begin(), row.end());
    csr.indptr.push_back(csr.n_edges());
  }
  for (const bool concat : {true, false})
    compare_layer([&]<class T, class D>(Context<D>& ctx, ParameterStore<T, D>& store) {
      const stx::nn::GatLayer<T, D> layer(ctx, store, "g", 5, 4, {.n_heads = 3, .concat = concat, .dropout = 0.2f});
      const auto x = store.add("x", Shape{23, 5}, Init::filled(0));
      return [=, &ctx, graph = to_device(ctx, csr)] { return layer(ctx, x, graph); };
    });
}

TEST_CASE("nn::SkipMlp on CUDA") {
  if (no_cuda_device()) return;
  compare_layer([]<class T, class D>(Context<D>& ctx, ParameterStore<T, D>& store) {
    const stx::nn::SkipMlp<T, D> network(ctx, store, "m", 5, {16, 8, 4}, 3);
    const auto x = store.add("x", Shape{9, 5}, Init::filled(0));
    return [=, &ctx] { return network(ctx, x); };
  });
}

TEST_CASE("nn::TimestepEmbedding on CUDA") {
  if (no_cuda_device()) return;
  compare_layer([]<class T, class D>(Context<D>& ctx, ParameterStore<T, D>& store) {
    const stx::nn::TimestepEmbedding<T, D> layer(ctx, store, "t", 8, {.frequencies = 12});
    const auto times = to_device(ctx, std::vector<std::int32_t>{0, 1, 17, 999}, Shape{4});
    return [=, &ctx] { return layer(ctx, times); };
  });
}
