// Public ops on counts, divergences and losses on CUDA against the CPU.
#include "stx/ops/contrastive.hpp"
#include "stx/ops/count_decoder.hpp"
#include "stx/ops/count_decoder_mean.hpp"
#include "stx/ops/count_log_prob.hpp"
#include "stx/ops/cross_entropy.hpp"
#include "stx/ops/gather_log1p.hpp"
#include "stx/ops/gaussian_kl.hpp"
#include "stx/ops/gaussian_sample.hpp"
#include "stx/ops/gene_metrics.hpp"
#include "stx/ops/l1_loss.hpp"
#include "stx/ops/mse.hpp"
#include "stx/ops/pair_bits.hpp"
#include "stx/ops/pearson_loss.hpp"
#include "stx/ops/schedule.hpp"
#include "stx/ops/weighted_sum.hpp"
#include "support/public_op.hpp"

using namespace stx::test;
using stx::Context;
using stx::Shape;

namespace {

/// 4 x 5 whole counts.
stx::CsrMatrix<float> sparse() {
  stx::CsrMatrix<float> m;
  m.rows = 4;
  m.cols = 5;
  m.indptr = {0, 2, 3, 3, 6};
  m.indices = {0, 3, 4, 0, 1, 2};
  m.values = {3, 1, 12, 2, 7, 1};
  return m;
}

Input whole_counts(Shape shape) {
  Input input = data_input(shape, 9, 0, 6);
  for (double& v : input.values) v = std::floor(v);
  return input;
}

Input half_mask(Shape shape) {
  Input input = data_input(shape, 12, 0, 1);
  for (double& v : input.values) v = v < 0.6 ? 1 : 0;
  return input;
}

}  // namespace

TEST_CASE("public ops on CUDA: likelihoods of counts") {
  if (no_cuda_device()) return;
  compare_public({whole_counts({4, 5}), random_input({4, 5}, 1), random_input({5}, 2), random_input({4, 5}, 3)},
                 []<class T, class D>(Context<D>& ctx, const Vars<T, D>& v) {
                   return Vars<T, D>{stx::count_log_prob<T>(ctx, v[0].value(), v[1], {v[2]}, v[3])};
                 });
  compare_public({random_input({2, 5}, 1), random_input({3, 5}, 2)},
                 []<class T, class D>(Context<D>& ctx, const Vars<T, D>& v) {
                   const stx::Counts<T, D> counts(to_device(ctx, sparse()), ids(ctx, {3, 0}));
                   return Vars<T, D>{stx::count_log_prob<T>(ctx, counts, v[0], {v[1], ids(ctx, {2, 0})})};
                 });
  compare_public(
      {random_input({4, 5}, 1),
       random_input({4}, 2, 1, 3),
       random_input({4, 5}, 3),
       random_input({4, 5}, 4),
       {Shape{5}, {1, 1, 0, 1, 1}, false}},
      []<class T, class D>(Context<D>& ctx, const Vars<T, D>& v) {
        return Vars<T, D>{stx::count_decoder<T>(ctx, to_device(ctx, sparse()), v[0], v[1], {v[2]}, v[3], v[4].value())};
      });
  compare_public({data_input({4, 5}, 1), data_input({4}, 2, 1, 3), data_input({5}, 3), data_input({4, 5}, 4)},
                 []<class T, class D>(Context<D>& ctx, const Vars<T, D>& v) {
                   const auto expected = stx::count_decoder_mean<T, D>(ctx, v[0], v[1], {}, {v[2]}, v[3]);
                   return Vars<T, D>{stx::constant(ctx, expected.mean), stx::constant(ctx, expected.p_zero)};
                 });
  compare_public(
      {data_input({4}, 1, 10, 20), data_input({3}, 2), data_input({3}, 3, 1, 2)},
      []<class T, class D>(Context<D>& ctx, const Vars<T, D>& v) {
        const auto totals = to_device(ctx, std::vector<float>{4, 12, 1, 10}, Shape{4});
        return Vars<T, D>{stx::constant(ctx, stx::gather_log1p<T>(ctx, to_device(ctx, sparse()), ids(ctx, {3, 1, 0}),
                                                                  {.column_of = ids(ctx, {2, 0, -1, 1, -1}),
                                                                   .n_columns = 3,
                                                                   .totals = totals,
                                                                   .shift = v[1].value(),
                                                                   .scale = v[2].value()}))};
      });
}

TEST_CASE("public ops on CUDA: normals") {
  if (no_cuda_device()) return;
  compare_public({random_input({4, 5}, 1), random_input({4, 5}, 2), random_input({4, 5}, 3), random_input({4, 5}, 4)},
                 []<class T, class D>(Context<D>& ctx, const Vars<T, D>& v) {
                   const stx::Gaussian<T, D> q{v[0], v[1], stx::Spread::softplus}, prior{v[2], v[3]};
                   return Vars<T, D>{stx::gaussian_kl(ctx, q), stx::gaussian_kl(ctx, q, prior),
                                     stx::log_normal_kl(ctx, prior, q),
                                     stx::gaussian_sample(ctx, q, 3, ids(ctx, {9, 2, 100, 4}))};
                 });
}

TEST_CASE("public ops on CUDA: losses") {
  if (no_cuda_device()) return;
  compare_public({random_input({9, 5}, 1),
                  data_input({9, 5}, 2),
                  {Shape{9, 5}, std::vector<double>(45, 1), false},
                  half_mask({9, 5})},
                 []<class T, class D>(Context<D>& ctx, const Vars<T, D>& v) {
                   return Vars<T, D>{stx::mse(ctx, v[0], v[1].value(), v[2].value(), 2.0),
                                     stx::l1_loss(ctx, v[0], v[1].value(), 2.0),
                                     stx::pearson_loss(ctx, v[0], v[1].value(), {}, {.weight = 2}),
                                     stx::pearson_loss(ctx, v[0], v[1].value(), v[3].value(), {.least_rows = 5}),
                                     stx::cross_entropy(ctx, v[0], ids(ctx, {0, 4, -1, 3, 2, 2, 1, 0, -1}))};
                 });
  compare_public({random_input({5}, 1), data_input({5}, 2), data_input({1}, 3)},
                 []<class T, class D>(Context<D>& ctx, const Vars<T, D>& v) {
                   const auto sum = stx::weighted_sum<T, D>(
                       ctx, v[0], {.factor = 0.5, .weights = v[1].value(), .scale = v[2].value()});
                   return Vars<T, D>{stx::scheduled_weight(ctx, sum, stx::Schedule{.value = 3, .warm_up = 4})};
                 });
}

TEST_CASE("public ops on CUDA: contrastive, with the pairs of pair_bits") {
  if (no_cuda_device()) return;
  compare_public(
      {random_input({4, 6}, 1), random_input({5, 6}, 2)}, []<class T, class D>(Context<D>& ctx, const Vars<T, D>& v) {
        const auto lists = to_device(ctx, std::vector<std::int32_t>{0, 2, 1, 3, 2, 4, 0, 1}, Shape{4, 2});
        const auto pairs =
            stx::pair_bits(ctx, lists, ids(ctx, {0, 1, 2, 3}), ids(ctx, {0, 1, 2, 3, 4}), stx::Anchors::first, 5);
        return Vars<T, D>{stx::contrastive(ctx, v[0], v[1], pairs, {.temperature = 0.5})};
      });
  compare_exact([]<class D>(Context<D>& ctx) {
    const auto lists = to_device(ctx, std::vector<std::int32_t>{0, 2, 1, 3, 2, 4}, Shape{3, 2});
    return to_host(ctx,
                   stx::pair_bits(ctx, lists, ids(ctx, {4, 0, 3}), ids(ctx, {2, 0, 1, 1}), stx::Anchors::second, 5));
  });
}

TEST_CASE("public ops on CUDA: gene_metrics") {
  if (no_cuda_device()) return;
  const auto run = []<class D>(D) {
    Context<D> ctx;
    const auto truth = to_device(ctx, convert<float>(random_values(24, 1)), Shape{8, 3}),
               prediction = to_device(ctx, convert<float>(random_values(24, 2)), Shape{8, 3});
    std::vector<double> values;
    for (const stx::GeneScores& s : stx::to_gene_scores(ctx, stx::gene_metrics(ctx, truth, prediction)))
      for (const auto& column : stx::score_columns) values.push_back(s.*column.value);
    return values;
  };
  const auto want = run(stx::Cpu{});
  CHECK(want.size() == 36);
  CHECK(max_error(run(stx::Cuda{}), want) <= 1e-7 * max_abs(want));
}
