// Dense layers, norms and the parts of autoencoders on CUDA against the CPU.
#include "stx/nn/count_decoder.hpp"
#include "stx/nn/cross_attention.hpp"
#include "stx/nn/mlp.hpp"
#include "stx/nn/residual_layer_norm.hpp"
#include "stx/nn/vae_encoder.hpp"
#include "stx/ops/concat_columns.hpp"
#include "support/compare_layers.hpp"

using namespace stx::test;
using stx::Context;
using stx::Init;
using stx::ParameterStore;
using stx::Shape;

namespace {

/// A bias before a batch norm has gradient 0, up to rounding of numbers of about 1.
constexpr LayerCheck cancels{.least_scale = 1};
constexpr LayerCheck constant_result{.gradients = false};

const std::vector<std::int32_t> batches{2, 0, 1, 1, 0, 2, 2, 0, 1};

}  // namespace

TEST_CASE("nn::CountDecoder on CUDA: dispersions of three batches, with and without extra zeros") {
  if (no_cuda_device()) return;
  auto whole = random_values(9 * 7, 5, 0, 6);
  for (double& v : whole) v = std::floor(v);
  for (const bool zero_inflated : {true, false})
    compare_layer([&]<class T, class D>(Context<D>& ctx, ParameterStore<T, D>& store) {
      using Decoder = stx::nn::CountDecoder<T, D>;
      const Decoder decoder(ctx, store, "d", 4, 7, {.zero_inflated = zero_inflated, .n_batches = 3});
      const typename Decoder::Rows rows{.library = store.add("library", Shape{9}, Init::filled(0)),
                                        .batch = to_device(ctx, batches, Shape{9}),
                                        .observed = to_device(ctx, std::vector<T>{1, 1, 0, 1, 1, 1, 0}, Shape{7})};
      const auto z = store.add("z", Shape{9, 4}, Init::filled(0));
      const stx::Counts<T, D> counts(to_device(ctx, convert<T>(whole), Shape{9, 7}));
      return [=, &ctx] { return decoder(ctx, z, counts, rows); };
    });
}

TEST_CASE("nn::CountDecoder on CUDA: expected counts and P(zero) of three batches") {
  if (no_cuda_device()) return;
  for (const bool zeros : {false, true})
    compare_layer(
        [zeros]<class T, class D>(Context<D>& ctx, ParameterStore<T, D>& store) {
          using Decoder = stx::nn::CountDecoder<T, D>;
          const Decoder decoder(ctx, store, "d", 4, 7, {.n_batches = 3});
          const typename Decoder::Rows rows{.library = store.add("library", Shape{9}, Init::filled(0)),
                                            .batch = to_device(ctx, batches, Shape{9})};
          const auto z = store.add("z", Shape{9, 4}, Init::filled(0));
          return [=, &ctx] {
            const auto expected = decoder.mean(ctx, z, rows);
            return constant(ctx, zeros ? expected.p_zero : expected.mean);
          };
        },
        constant_result);
}

TEST_CASE("nn::VaeEncoder on CUDA, with batch norm and without") {
  if (no_cuda_device()) return;
  for (const bool batch_norm : {true, false})
    compare_layer(
        [batch_norm]<class T, class D>(Context<D>& ctx, ParameterStore<T, D>& store) {
          const stx::nn::VaeEncoder<T, D> encoder(ctx, store, "e", 5, 2, {.hidden = {8, 6}, .batch_norm = batch_norm});
          const auto x = store.add("x", Shape{9, 5}, Init::filled(0));
          return [=, &ctx] {
            const stx::Gaussian<T, D> q = encoder(ctx, x);
            return concat_columns(ctx, q.mean, q.spread);
          };
        },
        batch_norm ? cancels : LayerCheck());
}

TEST_CASE("nn::Mlp on CUDA, with every norm") {
  if (no_cuda_device()) return;
  for (const stx::nn::MlpNorm norm : {stx::nn::MlpNorm::none, stx::nn::MlpNorm::layer, stx::nn::MlpNorm::batch})
    compare_layer(
        [norm]<class T, class D>(Context<D>& ctx, ParameterStore<T, D>& store) {
          const stx::nn::Mlp<T, D> network(ctx, store, "m", {5, 8, 3}, {.dropout = 0.2f, .norm = norm});
          const auto x = store.add("x", Shape{9, 5}, Init::filled(0));
          return [=, &ctx] { return network(ctx, x); };
        },
        norm == stx::nn::MlpNorm::batch ? cancels : LayerCheck());
}

TEST_CASE("nn::CrossAttention on CUDA: keys that the CPU folds into its projections, and more") {
  if (no_cuda_device()) return;
  for (const std::int64_t n_keys : {3, 10})
    compare_layer([n_keys]<class T, class D>(Context<D>& ctx, ParameterStore<T, D>& store) {
      const stx::nn::CrossAttention<T, D> layer(ctx, store, "a", 8, {.n_heads = 2, .dropout = 0.2f});
      const auto queries = store.add("queries", Shape{13, 8}, Init::filled(0)),
                 memory = store.add("memory", Shape{n_keys, 8}, Init::filled(0));
      return [=, &ctx] { return layer(ctx, queries, memory).out; };
    });
}

TEST_CASE("nn::BatchNorm on CUDA: training, with the running statistics, and evaluation") {
  if (no_cuda_device()) return;
  for (const bool training : {true, false})
    compare_layer(
        [training]<class T, class D>(Context<D>& ctx, ParameterStore<T, D>& store) {
          const stx::nn::BatchNorm<T, D> layer(ctx, store, "n", 6,
                                               {.activation = stx::Activation::relu, .dropout = 0.2f});
          const auto x = store.add("x", Shape{9, 6}, Init::filled(0));
          return [=, &ctx] {
            if (training) return layer(ctx, x);
            const stx::NoGrad<D> no_grad(ctx);
            return layer(ctx, x);
          };
        },
        training ? LayerCheck() : constant_result);
}

TEST_CASE("nn::LayerNorm on CUDA, with and without gain and shift") {
  if (no_cuda_device()) return;
  for (const bool affine : {true, false})
    compare_layer([affine]<class T, class D>(Context<D>& ctx, ParameterStore<T, D>& store) {
      const stx::nn::LayerNorm<T, D> layer(ctx, store, "n", 6, {.affine = affine});
      const auto x = store.add("x", Shape{9, 6}, Init::filled(0));
      return [=, &ctx] { return layer(ctx, x); };
    });
}

TEST_CASE("nn::ResidualLayerNorm on CUDA, with its branch and without") {
  if (no_cuda_device()) return;
  for (const bool branch : {true, false})
    compare_layer([branch]<class T, class D>(Context<D>& ctx, ParameterStore<T, D>& store) {
      const stx::nn::ResidualLayerNorm<T, D> layer(ctx, store, "n", 6, 0.2f);
      const auto residual = store.add("residual", Shape{9, 6}, Init::filled(0));
      const auto x = branch ? store.add("x", Shape{9, 6}, Init::filled(0)) : residual;
      return [=, &ctx] { return branch ? layer(ctx, x, residual) : layer.without_branch(ctx, residual); };
    });
}
