#include "stx/nn/batch_norm.hpp"

#include "stx/nn/linear.hpp"
#include "stx/optim/adam.hpp"
#include "support/gradient_check.hpp"

using namespace stx::test;
using stx::Activation;
using stx::Context;
using stx::Cpu;
using stx::Shape;
using Store = stx::ParameterStore<double, Cpu>;
using Norm = stx::nn::BatchNorm<double, Cpu>;

TEST_CASE("nn::BatchNorm: parameters, buffers and where they start") {
  Context<Cpu> ctx;
  Store store;
  const Norm norm(ctx, store, "bn", 3);
  store.allocate(ctx, 1);
  REQUIRE(store.entries().size() == 2);
  CHECK(store.entries()[0].name == "bn.gain");
  CHECK(store.entries()[1].name == "bn.shift");
  REQUIRE(store.buffers().size() == 2);
  CHECK(store.buffers()[0].name == "bn.running_mean");
  CHECK(store.buffers()[1].name == "bn.running_var");
  CHECK(to_host(ctx, store.entries()[0].state.value) == std::vector<double>(3, 1.0));
  CHECK(to_host(ctx, store.entries()[1].state.value) == std::vector<double>(3, 0.0));
  CHECK(to_host(ctx, store.buffers()[0].state.value) == std::vector<double>(3, 0.0));
  CHECK(to_host(ctx, store.buffers()[1].state.value) == std::vector<double>(3, 1.0));
}

TEST_CASE("nn::BatchNorm: the running statistics reach those of the data, no optimiser moves them") {
  Context<Cpu> ctx({.threads = 2});
  Store store;
  const Norm norm(ctx, store, "bn", 2, {.momentum = 0.3, .activation = Activation::relu});
  store.allocate(ctx, 1);
  stx::optim::Adam<double, Cpu> adam(ctx, store, {});
  const std::int64_t rows = 50;
  const auto values = random_values(rows * 2, 3, -1, 5);
  const auto x = to_device(ctx, values, Shape{rows, 2});
  for (int step = 0; step < 80; ++step) {
    begin_step(ctx);
    store.begin_step();
    const auto y = norm(ctx, constant(ctx, x));
    fill(ctx, y.claim_grad(ctx).data, rows * 2, 1.0);
    ctx.tape().run_backward(ctx);
    adam.step(ctx);
  }
  for (std::int64_t j = 0; j < 2; ++j) {
    double mean = 0, squares = 0;
    for (std::int64_t i = 0; i < rows; ++i) mean += values[i * 2 + j] / rows;
    for (std::int64_t i = 0; i < rows; ++i) squares += (values[i * 2 + j] - mean) * (values[i * 2 + j] - mean);
    CHECK(std::abs(store.buffers()[0].state.value.data[j] - mean) < 1e-11);
    CHECK(std::abs(store.buffers()[1].state.value.data[j] - squares / (rows - 1)) < 1e-11);
  }
  CHECK(store.entries()[1].state.value.data[0] < -0.05);  // Adam followed the gradient 1
  // Evaluation gives, up to n / (n - 1), what training gave last.
  begin_pass(ctx);
  const auto trained = to_host(ctx, norm(ctx, constant(ctx, x)).value());
  const stx::NoGrad<Cpu> no_grad(ctx);
  const auto evaluated = to_host(ctx, norm(ctx, constant(ctx, x)).value());
  CHECK(max_error(evaluated, trained) < 0.05);
  CHECK(max_error(evaluated, trained) > 1e-4);
}
