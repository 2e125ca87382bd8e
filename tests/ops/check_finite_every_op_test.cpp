// ContextOptions::check_inputs in every op that takes numbers: a NaN in any input is found by the first op that gets
// it.
#include <doctest/doctest.h>

#include "stx/backend/cpu/transfer.hpp"
#include "stx/graph/device_graph.hpp"
#include "stx/ops/activate.hpp"
#include "stx/ops/ada_layer_norm.hpp"
#include "stx/ops/attention.hpp"
#include "stx/ops/batch_norm.hpp"
#include "stx/ops/batched_matmul.hpp"
#include "stx/ops/concat_columns.hpp"
#include "stx/ops/contrastive.hpp"
#include "stx/ops/count_decoder_mean.hpp"
#include "stx/ops/count_log_prob.hpp"
#include "stx/ops/cross_entropy.hpp"
#include "stx/ops/cross_top_k.hpp"
#include "stx/ops/csr_matmul.hpp"
#include "stx/ops/diffusion_update.hpp"
#include "stx/ops/fold_projection.hpp"
#include "stx/ops/gat.hpp"
#include "stx/ops/gated_activation.hpp"
#include "stx/ops/gated_residual.hpp"
#include "stx/ops/gather_log1p.hpp"
#include "stx/ops/gather_mean.hpp"
#include "stx/ops/gather_rows.hpp"
#include "stx/ops/gaussian_kl.hpp"
#include "stx/ops/gaussian_sample.hpp"
#include "stx/ops/gene_metrics.hpp"
#include "stx/ops/hide_inputs.hpp"
#include "stx/ops/l1_loss.hpp"
#include "stx/ops/layer_norm.hpp"
#include "stx/ops/linear.hpp"
#include "stx/ops/matmul.hpp"
#include "stx/ops/matvec.hpp"
#include "stx/ops/mse.hpp"
#include "stx/ops/pearson_loss.hpp"
#include "stx/ops/q_sample.hpp"
#include "stx/ops/relative_bias.hpp"
#include "stx/ops/residual_layer_norm.hpp"
#include "stx/ops/rms_norm.hpp"
#include "stx/ops/sample_counts.hpp"
#include "stx/ops/sample_variates.hpp"
#include "stx/ops/schedule.hpp"
#include "stx/ops/shared_kv_attention.hpp"
#include "stx/ops/softmax.hpp"
#include "stx/ops/softmax_sample.hpp"
#include "stx/ops/top_k.hpp"
#include "stx/ops/weighted_sum.hpp"
#include "support/check_inputs.hpp"

using namespace stx::test;
using stx::Cpu;
using stx::Shape;
using Ctx = stx::Context<Cpu>;
using V = stx::Var<float, Cpu>;
using Results = std::vector<V>;
using Inputs = std::vector<V>;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

stx::Tensor<std::int32_t, Cpu> ids(Ctx& ctx, std::vector<std::int32_t> values) {
  return to_device(ctx, values, Shape{static_cast<std::int64_t>(values.size())});
}

/// 2 x 3 with 4 entries.
stx::CsrMatrix<float> sparse() {
  stx::CsrMatrix<float> m;
  m.rows = 2;
  m.cols = 3;
  m.indptr = {0, 2, 4};
  m.indices = {0, 2, 1, 2};
  m.values = {1, 2, 3, 4};
  return m;
}

stx::Csr<Cpu> with_values(Ctx& ctx, const V& values) {
  const stx::CsrMatrix<float> m = sparse();
  return {to_device(ctx, m.indptr, Shape{3}), to_device(ctx, m.indices, Shape{4}), values.value(), 2, 3};
}

}  // namespace

TEST_CASE("check_inputs: dense ops") {
  check_every_nan("linear", {{"x", {3, 4}}, {"weight", {2, 4}}, {"bias", {2}}},
                  [](Ctx& ctx, const Inputs& v) { return Results{stx::linear(ctx, v[0], v[1], v[2])}; });
  check_every_nan("matmul", {{"a", {3, 4}}, {"b", {4, 2}}},
                  [](Ctx& ctx, const Inputs& v) { return Results{stx::matmul(ctx, v[0], v[1])}; });
  check_every_nan("batched_matmul", {{"a", {2, 3, 4}}, {"b", {2, 4, 2}}},
                  [](Ctx& ctx, const Inputs& v) { return Results{stx::batched_matmul(ctx, v[0], v[1])}; });
  check_every_nan("csr_matmul", {{"values", {4}}, {"x", {3, 2}}}, [](Ctx& ctx, const Inputs& v) {
    return Results{stx::csr_matmul(ctx, csr_pattern(ctx, sparse()), v[0], v[1])};
  });
  check_every_nan("fold_into_keys", {{"keys", {3, 4}}, {"weight", {4, 5}}},
                  [](Ctx& ctx, const Inputs& v) { return Results{stx::fold_into_keys(ctx, v[0], v[1], 2)}; });
  check_every_nan("fold_into_values", {{"values", {3, 4}}, {"weight", {5, 4}}},
                  [](Ctx& ctx, const Inputs& v) { return Results{stx::fold_into_values(ctx, v[0], v[1], 2)}; });
  check_every_nan("activate", {{"x", {3, 4}}, {"residual", {3, 4}}},
                  [](Ctx& ctx, const Inputs& v) { return Results{stx::activate(ctx, v[0], {}, v[1])}; });
  check_every_nan("activate", {{"residual", {3, 4}}, {"x", {3, 4}}},
                  [](Ctx& ctx, const Inputs& v) { return Results{stx::add(ctx, v[0], v[1])}; });
  check_every_nan("gated_activation", {{"x", {3, 4}}}, [](Ctx& ctx, const Inputs& v) {
    return Results{stx::gated_activation(ctx, v[0], stx::Activation::gelu)};
  });
  check_every_nan("concat_columns", {{"a", {3, 4}}, {"b", {3, 2}}},
                  [](Ctx& ctx, const Inputs& v) { return Results{stx::concat_columns(ctx, v[0], v[1])}; });
  check_every_nan("gather_rows", {{"table", {3, 4}}}, [](Ctx& ctx, const Inputs& v) {
    return Results{stx::gather_rows(ctx, v[0], ids(ctx, {1, 1}))};
  });
  check_every_nan("gather_mean", {{"table", {3, 4}}}, [](Ctx& ctx, const Inputs& v) {
    stx::gather_mean(ctx, v[0].value(), ids(ctx, {1, 1}));
    return Results{};
  });
  check_every_nan("matvec", {{"a", {3, 4}}, {"x", {4}}}, [](Ctx& ctx, const Inputs& v) {
    stx::matvec(ctx, v[0].value(), v[1].value());
    return Results{};
  });
}

TEST_CASE("check_inputs: norms, attention, graphs") {
  check_every_nan("batch_norm",
                  {{"x", {3, 4}}, {"gain", {4}}, {"shift", {4}}, {"running_mean", {4}}, {"running_var", {4}}},
                  [](Ctx& ctx, const Inputs& v) {
                    return Results{stx::batch_norm(ctx, v[0], v[1], v[2], v[3].value(), v[4].value())};
                  });
  check_every_nan("layer_norm", {{"x", {3, 4}}, {"gain", {4}}, {"shift", {4}}},
                  [](Ctx& ctx, const Inputs& v) { return Results{stx::layer_norm(ctx, v[0], v[1], v[2])}; });
  check_every_nan("rms_norm", {{"x", {3, 4}}, {"gain", {4}}},
                  [](Ctx& ctx, const Inputs& v) { return Results{stx::rms_norm(ctx, v[0], v[1])}; });
  check_every_nan("ada_layer_norm", {{"x", {4, 3}}, {"scale", {2, 3}}, {"shift", {2, 3}}},
                  [](Ctx& ctx, const Inputs& v) { return Results{stx::ada_layer_norm(ctx, v[0], v[1], v[2], 2)}; });
  check_every_nan(
      "residual_layer_norm", {{"x", {3, 4}}, {"residual", {3, 4}}, {"gain", {4}}, {"shift", {4}}},
      [](Ctx& ctx, const Inputs& v) { return Results{stx::residual_layer_norm(ctx, v[0], v[1], v[2], v[3])}; });
  check_every_nan("gated_residual", {{"residual", {4, 3}}, {"branch", {4, 3}}, {"gate", {2, 3}}},
                  [](Ctx& ctx, const Inputs& v) { return Results{stx::gated_residual(ctx, v[0], v[1], v[2], 2)}; });
  check_every_nan("softmax", {{"x", {3, 4}}},
                  [](Ctx& ctx, const Inputs& v) { return Results{stx::softmax(ctx, v[0])}; });
  check_every_nan("attention", {{"q", {3, 4}}, {"k", {5, 4}}, {"v", {5, 4}}, {"bias", {2, 3, 5}}},
                  [](Ctx& ctx, const Inputs& v) {
                    return Results{stx::attention(ctx, v[0], v[1], v[2], {.n_heads = 2}, v[3]).out};
                  });
  check_every_nan("shared_kv_attention", {{"q", {3, 4}}, {"k", {5, 4}}, {"v", {5, 4}}}, [](Ctx& ctx, const Inputs& v) {
    return Results{stx::shared_kv_attention(ctx, v[0], v[1], v[2], {.n_heads = 2}).out};
  });
  check_every_nan("relative_bias", {{"table", {4, 2}}}, [](Ctx& ctx, const Inputs& v) {
    return Results{stx::relative_bias(ctx, v[0], ids(ctx, {0, 1}), 3)};
  });
  check_every_nan("gat", {{"h", {2, 6}}, {"a_src", {2, 3}}, {"a_dst", {2, 3}}, {"bias", {6}}},
                  [](Ctx& ctx, const Inputs& v) {
                    stx::CsrGraph both;
                    both.indptr = {0, 1, 2};
                    both.indices = {1, 0};
                    return Results{stx::gat(ctx, v[0], v[1], v[2], to_device(ctx, both), {}, v[3])};
                  });
  check_every_nan("top_k", {{"queries", {3, 4}}, {"points", {5, 4}}}, [](Ctx& ctx, const Inputs& v) {
    stx::top_k(ctx, v[0].value(), v[1].value(), {.k = 2});
    return Results{};
  });
  check_every_nan("cross_top_k", {{"first", {3, 4}}, {"second", {5, 4}}}, [](Ctx& ctx, const Inputs& v) {
    stx::cross_top_k(ctx, v[0].value(), v[1].value(), 2, 1);
    return Results{};
  });
}

TEST_CASE("check_inputs: counts") {
  check_every_nan("gather_log1p", {{"counts", {4}}, {"totals", {2}}, {"shift", {3}}, {"scale", {3}}},
                  [](Ctx& ctx, const Inputs& v) {
                    stx::gather_log1p<float>(ctx, with_values(ctx, v[0]), ids(ctx, {1}),
                                             {.column_of = ids(ctx, {0, 1, 2}),
                                              .n_columns = 3,
                                              .totals = v[1].value(),
                                              .shift = v[2].value(),
                                              .scale = v[3].value()});
                    return Results{};
                  });
  check_every_nan("count_log_prob", {{"counts", {2, 3}}, {"log_mu", {2, 3}}, {"log_theta", {3}}, {"zeta", {2, 3}}},
                  [](Ctx& ctx, const Inputs& v) {
                    return Results{stx::count_log_prob<float>(ctx, v[0].value(), v[1], {v[2]}, v[3])};
                  });
  check_every_nan("count_decoder",
                  {{"counts", {4}}, {"logits", {2, 3}}, {"library", {2}}, {"log_theta", {3}}, {"zeta", {2, 3}}},
                  [](Ctx& ctx, const Inputs& v) {
                    return Results{stx::count_decoder<float>(ctx, with_values(ctx, v[0]), v[1], v[2], {v[3]}, v[4])};
                  });
  check_every_nan("count_decoder_mean", {{"logits", {2, 3}}, {"library", {2}}, {"log_theta", {3}}, {"zeta", {2, 3}}},
                  [](Ctx& ctx, const Inputs& v) {
                    stx::count_decoder_mean(ctx, v[0], v[1], {}, {v[2]}, v[3]);
                    return Results{};
                  });
  check_every_nan("sample_gamma", {{"shape", {2, 3}}},
                  [](Ctx& ctx, const Inputs& v) { return stx::sample_gamma(ctx, v[0].value(), 1), Results{}; });
  check_every_nan("sample_poisson", {{"rate", {2, 3}}},
                  [](Ctx& ctx, const Inputs& v) { return stx::sample_poisson(ctx, v[0].value(), 1), Results{}; });
  check_every_nan("sample_counts", {{"log_mu", {2, 3}}, {"log_theta", {3}}, {"zeta", {3}}},
                  [](Ctx& ctx, const Inputs& v) {
                    stx::sample_counts(ctx, v[0].value(), v[1].value(), 1, v[2].value());
                    return Results{};
                  });
  check_every_nan("gene_metrics", {{"truth", {3, 2}}, {"prediction", {3, 2}}}, [](Ctx& ctx, const Inputs& v) {
    stx::gene_metrics(ctx, v[0].value(), v[1].value());
    return Results{};
  });
}

TEST_CASE("check_inputs: divergences and losses") {
  check_every_nan("gaussian_kl",
                  {{"mean", {2, 3}}, {"spread", {2, 3}}, {"prior mean", {2, 3}}, {"prior spread", {2, 3}}},
                  [](Ctx& ctx, const Inputs& v) {
                    return Results{stx::gaussian_kl<float, Cpu>(ctx, {v[0], v[1]}, {v[2], v[3]})};
                  });
  check_every_nan("gaussian_kl", {{"mean", {2, 3}}, {"spread", {2, 3}}, {"prior mean", {3}}},
                  [](Ctx& ctx, const Inputs& v) {
                    const V fixed = constant(ctx, v[2].value());
                    return Results{stx::log_normal_kl<float, Cpu>(ctx, {v[0], v[1]}, {fixed, fixed})};
                  });
  check_every_nan("gaussian_sample", {{"mean", {2, 3}}, {"spread", {2, 3}}}, [](Ctx& ctx, const Inputs& v) {
    return Results{stx::gaussian_sample<float, Cpu>(ctx, {v[0], v[1]}, 1)};
  });
  check_every_nan("mse", {{"y", {2, 3}}, {"target", {2, 3}}, {"mask", {2, 3}}},
                  [](Ctx& ctx, const Inputs& v) { return Results{stx::mse(ctx, v[0], v[1].value(), v[2].value())}; });
  check_every_nan("l1_loss", {{"y", {2, 3}}, {"target", {2, 3}}},
                  [](Ctx& ctx, const Inputs& v) { return Results{stx::l1_loss(ctx, v[0], v[1].value())}; });
  check_every_nan("pearson_loss", {{"prediction", {3, 2}}, {"target", {3, 2}}},
                  [](Ctx& ctx, const Inputs& v) { return Results{stx::pearson_loss(ctx, v[0], v[1].value())}; });
  check_every_nan("cross_entropy", {{"logits", {2, 3}}}, [](Ctx& ctx, const Inputs& v) {
    return Results{stx::cross_entropy(ctx, v[0], ids(ctx, {0, 2}))};
  });
  check_every_nan(
      "contrastive", {{"first", {2, 3}}, {"second", {4, 3}}, {"distances", {2, 4}}}, [](Ctx& ctx, const Inputs& v) {
        const auto positives = to_device(ctx, std::vector<std::uint32_t>{1, 2}, Shape{2, 1});
        return Results{stx::contrastive(ctx, v[0], v[1], positives,
                                        {.temperature = 1, .form = stx::Contrast::dcavae_r1}, v[2].value())};
      });
  check_every_nan("weighted_sum", {{"values", {3}}, {"weights", {3}}, {"scale", {1}}}, [](Ctx& ctx, const Inputs& v) {
    return Results{stx::weighted_sum<float, Cpu>(ctx, v[0], {.weights = v[1].value(), .scale = v[2].value()})};
  });
  check_every_nan("scheduled_weight", {{"x", {1}}},
                  [](Ctx& ctx, const Inputs& v) { return Results{stx::scheduled_weight(ctx, v[0], stx::Schedule{})}; });
}

TEST_CASE("check_inputs: diffusion and sampling") {
  check_every_nan("q_sample", {{"x0", {2, 3}}, {"levels", {4, 2}}, {"eps", {2, 3}}}, [](Ctx& ctx, const Inputs& v) {
    stx::q_sample(ctx, v[0].value(), ids(ctx, {0, 3}), v[1].value(), 1, v[2].value());
    return Results{};
  });
  check_every_nan("diffusion_update",
                  {{"u", {2, 3}},
                   {"x0", {2, 3}},
                   {"eps", {2, 3}},
                   {"mask", {2, 3}},
                   {"known", {2, 3}},
                   {"low", {3}},
                   {"high", {3}}},
                  [](Ctx& ctx, const Inputs& v) {
                    const stx::DiffusionStep step{.x0_u = 1, .x0_eps = 1, .u = 1, .x0 = 1, .previous = 1};
                    const auto steps = to_device(ctx, std::vector{step}, Shape{1});
                    const auto position = to_device(ctx, std::vector<stx::DiffusionPosition>{{0, 0}}, Shape{1});
                    stx::diffusion_update<float, Cpu>(ctx, v[0].value(), v[1].value(), v[2].value(), steps, position, 1,
                                                      {v[3].value(), v[4].value(), v[5].value(), v[6].value(), {}});
                    return Results{};
                  });
  check_every_nan("softmax_sample", {{"logits", {5}}}, [](Ctx& ctx, const Inputs& v) {
    stx::softmax_sample(ctx, v[0].value(), 2, 1);
    return Results{};
  });
  check_every_nan("hide_inputs", {{"x", {2, 3}}, {"counted", {3}}}, [](Ctx& ctx, const Inputs& v) {
    stx::hide_inputs(ctx, v[0].value(), {0.2f, 0.5f, 1}, v[1].value());
    return Results{};
  });
}

TEST_CASE("check_inputs: infinity that has a meaning, and what a mask leaves out, pass") {
  Ctx ctx({.check_inputs = true});
  std::vector<Input> in = {random_input({1, 3}, 1), {Shape{1, 3}, {1, 2, std::nan("")}}, {Shape{1, 3}, {1, 1, 0}}};
  const auto masked = [](Ctx& context, const Inputs& v) {
    return Results{stx::mse(context, v[0], v[1].value(), v[2].value())};
  };
  CHECK(report_of(ctx, in, masked) == "");
  in[2].values[2] = 1;
  CHECK(report_of(ctx, in, masked) == "[mse] target (1, 3) holds nan at row 0, column 2; look at what made it");
  CHECK(report_of(ctx, {{Shape{1, 2}, {-infinity, 1}}, {Shape{2}, {0, 0}}}, [](Ctx& context, const Inputs& v) {
          stx::sample_counts(context, v[0].value(), v[1].value(), 1);
          return Results{};
        }) == "");
}
