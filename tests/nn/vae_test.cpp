#include <doctest/doctest.h>

#include "stx/nn/count_decoder.hpp"
#include "stx/nn/vae_encoder.hpp"
#include "stx/ops/weighted_sum.hpp"
#include "support/layer_check.hpp"

using namespace stx::test;
using stx::Context;
using stx::Cpu;
using stx::Shape;
using Encoder = stx::nn::VaeEncoder<double, Cpu>;
using Decoder = stx::nn::CountDecoder<double, Cpu>;

namespace {

stx::Var<double, Cpu> random_constant(Context<Cpu>& ctx, Shape shape, std::uint64_t seed, double low = -1,
                                      double high = 1) {
  return constant(ctx, to_device(ctx, random_values(shape.size(), seed, low, high), shape));
}

}  // namespace

TEST_CASE("nn::VaeEncoder: parameters, shapes, and one linear layer without hidden ones") {
  Context<Cpu> ctx;
  LayerStore store;
  const Encoder deep(ctx, store, "e", 12, 3, {.hidden = {8, 5}});
  const Encoder plain(ctx, store, "p", 4, 2, {.hidden = {6}, .batch_norm = false, .spread = stx::Spread::softplus});
  const Encoder flat(ctx, store, "f", 4, 2, {.hidden = {}});
  store.allocate(ctx, 3);
  CHECK(names(store) ==
        std::vector<std::string>{
            "e.hidden0.weight(8, 12)", "e.hidden0.bias(8)", "e.hidden0.norm.gain(8)", "e.hidden0.norm.shift(8)",
            "e.hidden1.weight(5, 8)",  "e.hidden1.bias(5)", "e.hidden1.norm.gain(5)", "e.hidden1.norm.shift(5)",
            "e.mean.weight(3, 5)",     "e.mean.bias(3)",    "e.spread.weight(3, 5)",  "e.spread.bias(3)",
            "p.hidden0.weight(6, 4)",  "p.hidden0.bias(6)", "p.mean.weight(2, 6)",    "p.mean.bias(2)",
            "p.spread.weight(2, 6)",   "p.spread.bias(2)",  "f.mean.weight(2, 4)",    "f.mean.bias(2)",
            "f.spread.weight(2, 4)",   "f.spread.bias(2)"});
  const auto q = deep(ctx, random_constant(ctx, {7, 12}, 1));
  CHECK(q.mean.shape() == Shape{7, 3});
  CHECK(q.spread.shape() == Shape{7, 3});
  CHECK(q.kind == stx::Spread::log_variance);

  const auto x = random_constant(ctx, {5, 4}, 2);
  CHECK(plain(ctx, x).kind == stx::Spread::softplus);
  const auto w = value_of(ctx, store, "f.spread.weight"), b = value_of(ctx, store, "f.spread.bias");
  const auto spread = to_host(ctx, flat(ctx, x).spread.value());
  for (int i = 0; i < 5; ++i)
    for (int k = 0; k < 2; ++k) {
      double want = b[k];
      for (int j = 0; j < 4; ++j) want += x.value().data[4 * i + j] * w[4 * k + j];
      CHECK(spread[2 * i + k] == doctest::Approx(want));
    }
  CHECK_THROWS_WITH_AS(Encoder(ctx, store, "bad", 4, 2, {.hidden = {0}}),
                       "[VaeEncoder] hidden widths must be at least 1, got 0", stx::ArgumentError);
}

TEST_CASE("nn::CountDecoder: parameters, the likelihood of its own expectation, batches") {
  Context<Cpu> ctx;
  LayerStore store;
  const Decoder decoder(ctx, store, "d", 3, 6, {.n_batches = 2, .log_theta = 0.5});
  const Decoder nb(ctx, store, "nb", 3, 6, {.zero_inflated = false});
  store.allocate(ctx, 3);
  CHECK(names(store) == std::vector<std::string>{"d.rate.weight(6, 3)", "d.rate.bias(6)", "d.zero.weight(6, 3)",
                                                 "d.zero.bias(6)", "d.log_theta(2, 6)", "nb.rate.weight(6, 3)",
                                                 "nb.rate.bias(6)", "nb.log_theta(6)"});
  CHECK(value_of(ctx, store, "d.log_theta") == std::vector<double>(12, 0.5));

  const auto z = random_constant(ctx, {4, 3}, 1);
  Decoder::Rows rows{.library = random_constant(ctx, {4, 1}, 2, 2, 4),
                     .batch = to_device(ctx, std::vector<std::int32_t>{0, 1, 1, 0}, Shape{4}),
                     .observed = to_device(ctx, std::vector<double>{1, 1, 0, 1, 1, 1}, Shape{6})};
  // Where all counts are 0 the likelihood is the product of P(zero) over observed genes.
  const auto zeros = to_device(ctx, std::vector<double>(24, 0.0), Shape{4, 6});
  for (bool inflated : {true, false}) {
    rows.zero_inflated = inflated;
    const auto nll = to_host(ctx, decoder(ctx, z, zeros, rows).value());
    const auto p_zero = to_host(ctx, decoder.mean(ctx, z, rows).p_zero);
    for (int i = 0; i < 4; ++i) {
      double want = 0;
      for (int j = 0; j < 6; ++j) want -= j == 2 ? 0 : std::log(p_zero[6 * i + j]);
      CHECK(nll[i] == doctest::Approx(want));
    }
  }
  const auto alone = to_host(ctx, nb.mean(ctx, z, {.library = rows.library}).mean);
  double sum = 0;
  for (int j = 0; j < 6; ++j) sum += alone[j];
  CHECK(sum == doctest::Approx(std::exp(rows.library.value().data[0])));
  rows.batch = {};
  CHECK_THROWS_WITH_AS(decoder.mean(ctx, z, rows), "[CountDecoder] with 2 batches the batch of every row is needed",
                       stx::ArgumentError);
  LayerStore other;
  CHECK_THROWS_WITH_AS(Decoder(ctx, other, "bad", 3, 6, {.n_batches = 0}),
                       "[CountDecoder] n_batches must be at least 1, got 0", stx::ArgumentError);
  const auto message = [&](double log_theta) -> std::string {
    LayerStore fresh;
    try {
      Decoder(ctx, fresh, "d", 3, 6, {.log_theta = log_theta});
    } catch (const stx::ArgumentError& error) {
      return error.what();
    }
    return "";
  };
  const std::string range = "[CountDecoder] theta must be above 0 and its logarithm in [-80, 80], got log_theta = ";
  CHECK(message(std::log(0.0)) == range + "-inf");
  CHECK(message(std::nan("")) == range + "nan");
  CHECK(message(80.5) == range + "80.5");
  CHECK(message(-80) == "");
}

TEST_CASE("nn: an autoencoder's loss reaches every parameter") {
  Context<Cpu> ctx({.seed = 4});
  LayerStore store;
  const Encoder encoder(ctx, store, "e", 6, 3, {.hidden = {8}});
  const Decoder decoder(ctx, store, "d", 3, 6);
  store.allocate(ctx, 3);
  begin_step(ctx);
  store.begin_step();
  const auto q = encoder(ctx, random_constant(ctx, {20, 6}, 1, 0, 3));
  auto counts = random_values(120, 2, 0, 4);
  for (double& v : counts) v = std::floor(v);
  const auto nll = decoder(ctx, gaussian_sample(ctx, q, 1), to_device(ctx, counts, Shape{20, 6}),
                           {.library = random_constant(ctx, {20}, 3, 2, 3)});
  backward(ctx, {weighted_sum(ctx, nll), weighted_sum(ctx, gaussian_kl(ctx, q))});
  for (const auto& entry : store.entries()) {
    INFO(entry.name);
    REQUIRE(entry.state.has_grad);
    // Batch norm takes away what the bias before it adds.
    if (entry.name != "e.hidden0.bias") CHECK(max_abs(to_host(ctx, entry.state.grad)) > 1e-6);
  }
}
