// Layers on CUDA against the CPU: results, and gradients of inputs and parameters.
#include "stx/graph/device_graph.hpp"
#include "stx/nn/dit_block.hpp"
#include "stx/nn/gat_layer.hpp"
#include "stx/nn/skip_mlp.hpp"
#include "stx/nn/timestep_embedding.hpp"
#include "stx/nn/transformer_block.hpp"
#include "support/device_rig.hpp"
#include "support/naive_graph.hpp"

using namespace stx::test;
using stx::Context;
using stx::Cpu;
using stx::Cuda;
using stx::Init;
using stx::ParameterStore;
using stx::Shape;

namespace {

template <class T>
struct Pass {
  std::vector<std::string> names;
  std::vector<std::vector<T>> values;  // the result, then the gradient of every parameter
};

/// `build(ctx, store)` declares a layer and its inputs, as parameters, and returns the call that makes the result.
template <class T, class D, class Build>
Pass<T> run(const Build& build) {
  Context<D> ctx({.threads = 1, .seed = 11, .gemm_workspace_bytes = small_workspace});
  ParameterStore<T, D> store;
  const auto call = build(ctx, store);
  store.allocate(ctx, 3);
  std::uint64_t seed = 50;
  for (auto& e : store.entries())
    upload(ctx, e.state.value, std::span<const T>(convert<T>(random_values(e.shape.size(), ++seed, -0.7, 0.7))));
  begin_step(ctx);
  store.begin_step();
  const auto y = call();
  const std::vector<T> weights = convert<T>(random_values(y.shape().size(), 7));
  copy_to_device(ctx, y.claim_grad(ctx).data, weights.data(), weights.size() * sizeof(T));
  ctx.tape().run_backward(ctx);
  Pass<T> pass{{"result"}, {to_host(ctx, y.value())}};
  for (auto& e : store.entries()) {
    INFO(e.name);
    CHECK(e.state.has_grad);
    pass.names.push_back(e.name);
    pass.values.push_back(to_host(ctx, e.state.grad));
  }
  return pass;
}

template <class Build>
void compare_layer(const Build& build) {
  const auto want = run<double, Cpu>(build);
  const auto rough = run<float, Cpu>(build);
  const auto got = run<float, Cuda>(build);
  REQUIRE(got.names == want.names);
  for (std::size_t k = 0; k < got.names.size(); ++k) {
    INFO(got.names[k]);
    check_close("CUDA", got.values[k], want.values[k], rough.values[k], 32);
  }
}

}  // namespace

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
      const stx::nn::TransformerBlock<T, D> block(
          ctx, store, "b", 8, {.n_heads = 2, .hidden = 12, .pre_norm = pre_norm, .dropout = 0.2f});
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
