// Public ops that draw, and the optimisers, on CUDA against the CPU.
#include "stx/ops/diffusion_update.hpp"
#include "stx/ops/draw_partners.hpp"
#include "stx/ops/draw_rows.hpp"
#include "stx/ops/hide_inputs.hpp"
#include "stx/ops/l1_loss.hpp"
#include "stx/ops/linear.hpp"
#include "stx/ops/mse.hpp"
#include "stx/ops/permutation.hpp"
#include "stx/ops/q_sample.hpp"
#include "stx/ops/random_fill.hpp"
#include "stx/ops/sample_counts.hpp"
#include "stx/ops/sample_variates.hpp"
#include "stx/ops/schedule.hpp"
#include "stx/ops/shuffled_batch.hpp"
#include "stx/ops/softmax_sample.hpp"
#include "stx/ops/timestep_embedding.hpp"
#include "stx/optim/adam.hpp"
#include "stx/optim/clip_grad_norm.hpp"
#include "stx/optim/ema.hpp"
#include "support/public_op.hpp"

using namespace stx::test;
using stx::Context;
using stx::Cpu;
using stx::Cuda;
using stx::Init;
using stx::Shape;

TEST_CASE("public ops on CUDA: random numbers") {
  if (no_cuda_device()) return;
  compare_public({}, []<class T, class D>(Context<D>& ctx, const Vars<T, D>&) {
    const auto rows = ids(ctx, {7, 0, 1000000, 7});
    return Vars<T, D>{stx::constant(ctx, stx::random_normal<T>(ctx, Shape{4, 5}, 3, 1.0, 2.0, rows)),
                      stx::constant(ctx, stx::random_uniform<T>(ctx, Shape{4, 5}, 4, -1.0, 2.0, rows))};
  });
  // Gamma, Poisson and counts: the CPU's double draws the same numbers.
  compare_public({data_input({4, 5}, 1, 0, 30), data_input({4, 5}, 2), data_input({5}, 3), data_input({5}, 4),
                  data_input({4, 5}, 5)},
                 []<class T, class D>(Context<D>& ctx, const Vars<T, D>& v) {
                   return Vars<T, D>{
                       stx::constant(ctx, stx::sample_gamma(ctx, v[0].value(), 5)),
                       stx::constant(ctx, stx::sample_poisson(ctx, v[0].value(), 6)),
                       stx::constant(ctx, stx::sample_counts(ctx, v[1].value(), v[2].value(), 7, v[3].value()))};
                 });
}

TEST_CASE("public ops on CUDA: row numbers, orders, partners") {
  if (no_cuda_device()) return;
  compare_exact([]<class D>(Context<D>& ctx) {
    const auto batch = to_device(ctx, std::vector<std::uint32_t>{5}, Shape{1});
    const auto lists = to_device(ctx, std::vector<std::int32_t>{3, 1, 4, 1, 5, 9}, Shape{2, 3});
    const auto logits = to_device(ctx, convert<float>(random_values(33, 2, -2, 2)), Shape{33});
    std::vector<std::int32_t> all;
    for (const auto& drawn :
         {stx::draw_rows(ctx, 9, 1000, 1), stx::permutation(ctx, 20, 2, 3, 17),
          stx::permutation(ctx, 20, 2, 0, 5, batch), stx::shuffled_batch(ctx, 11, 3, 3, batch),
          stx::draw_partners(ctx, lists, ids(ctx, {1, 0, 7, 1}), 4), stx::softmax_sample(ctx, logits, 12, 5, 2.0)}) {
      const auto host = to_host(ctx, drawn);
      all.insert(all.end(), host.begin(), host.end());
    }
    return all;
  });
}

TEST_CASE("public ops on CUDA: diffusion and hidden inputs") {
  if (no_cuda_device()) return;
  compare_public({data_input({3, 4}, 1), data_input({6, 2}, 2, 0.1, 0.9), data_input({3, 4}, 3),
                  data_input({4}, 4, -1, 0), data_input({4}, 5, 0, 1)},
                 []<class T, class D>(Context<D>& ctx, const Vars<T, D>& v) {
                   const auto noised = stx::q_sample(ctx, v[0].value(), ids(ctx, {5, 0, 2}), v[1].value(), 3);
                   // In place: on a copy, for a result of its own.
                   const auto u = ctx.template make_step<T>(Shape{3, 4}), x0 = ctx.template make_step<T>(Shape{3, 4});
                   fill(ctx, u.data, 12, T(0.5));
                   fill(ctx, x0.data, 12, T(0.25));
                   const auto steps = to_device(
                       ctx, std::vector<stx::DiffusionStep>{{}, {1.5f, -0.5f, 0.3f, 0.6f, 0.1f, 0.2f, 1, 0}}, Shape{2});
                   const auto position = to_device(ctx, std::vector<stx::DiffusionPosition>{{1, 0}}, Shape{1});
                   stx::diffusion_update<T, D>(ctx, u, x0, v[2].value(), steps, position, 4,
                                               {.low = v[3].value(), .high = v[4].value()});
                   const auto hidden = ctx.template make_step<T>(Shape{3, 4});
                   fill(ctx, hidden.data, 12, T(0));
                   add_to(ctx, hidden.data, v[0].value().data, 12);
                   const auto mask = stx::hide_inputs(ctx, hidden, {0.2f, 0.8f, 5});
                   Vars<T, D> results;
                   for (const auto& tensor : {noised.xt, noised.eps, u, x0, hidden, mask})
                     results.push_back(stx::constant(ctx, tensor));
                   results.push_back(stx::timestep_embedding<T>(ctx, ids(ctx, {0, 1, 999}), 7));
                   return results;
                 });
}

TEST_CASE("optimisers on CUDA: schedule, clipping, Adam and the moving average of a store, captured and replayed") {
  if (no_cuda_device()) return;
  const auto train = []<class T, class D>(T, D) {
    Context<D> ctx({.threads = 1, .seed = 11, .gemm_workspace_bytes = small_workspace});
    stx::ParameterStore<T, D> store;
    const auto weight = store.add("weight", Shape{3, 5}, Init::normal(0.5)),
               bias = store.add("bias", Shape{3}, Init::filled(0)),
               unused = store.add("unused", Shape{2}, Init::filled(1));
    store.allocate(ctx, 3);
    const auto x = to_device(ctx, convert<T>(random_values(35, 1)), Shape{7, 5}),
               target = to_device(ctx, convert<T>(random_values(21, 2)), Shape{7, 3});
    stx::optim::Adam<T, D> adam(ctx, store, {.weight_decay = 0.1f});
    stx::optim::ParameterEma<T, D> average(ctx, store, {.decay = 0.5f});
    const auto norms = ctx.template make_persistent<T>(Shape{1});
    stx::StepGraph<D> graph(ctx);
    for (int step = 0; step < 5; ++step)
      graph.run(0, [&] {
        begin_step(ctx);
        store.begin_step();
        stx::schedule_learning_rate(ctx,
                                    {.shape = stx::ScheduleShape::cosine, .value = 0.1, .warm_up = 2, .length = 6});
        const auto y = stx::linear(ctx, stx::constant(ctx, x), weight, bias);
        backward(ctx, {stx::mse(ctx, y, target), stx::l1_loss(ctx, y, target, 0.1)});
        fill(ctx, norms.data, 1, T(0));
        add_to(ctx, norms.data, stx::optim::clip_grad_norm(ctx, store, 0.5).data, 1);
        adam.step(ctx);
        average.update(ctx);
      });
    const auto last = to_host(ctx, store.values());
    average.exchange_with_parameters(ctx);
    return std::vector{to_host(ctx, norms),          last,
                       to_host(ctx, store.values()), to_host(ctx, average.average()),
                       to_host(ctx, adam.means()),   to_host(ctx, adam.squares()),
                       to_host(ctx, unused.value())};
  };
  const auto want = train(double{}, Cpu{});
  const auto rough = train(float{}, Cpu{});
  const auto got = train(float{}, Cuda{});
  CHECK(want[0][0] > 0.5);  // clipped
  CHECK(max_error(want[1], want[2]) > 1e-3);
  for (std::size_t k = 0; k < want.size(); ++k)
    check_close("result " + std::to_string(k), got[k], want[k], rough[k], 64);
}
