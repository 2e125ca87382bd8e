#include "stx/cuda.hpp"

#include "support/device_rig.hpp"

using namespace stx::test;
using stx::Context;
using stx::Cuda;
using stx::Shape;

TEST_CASE("Context<Cuda>: a device that is not there") {
  CHECK_THROWS_WITH_AS(Context<Cuda>({.device = 1000}), doctest::Contains("device 1000 is not one of the"),
                       stx::DeviceError);
  CHECK_THROWS_AS(Context<Cuda>({.device = -1}), stx::DeviceError);
}

TEST_CASE("transfers on CUDA: values go there and back") {
  if (no_cuda_device()) return;
  Context<Cuda> ctx;
  for (std::int64_t n : odd_sizes) {
    const auto values = convert<float>(random_values(n, 1));
    const auto tensor = stx::to_device(ctx, values, Shape{n});
    CHECK(stx::to_host(ctx, tensor) == values);
  }
}

TEST_CASE("StepGraph on CUDA: replays without calling the step, once per key") {
  if (no_cuda_device()) return;
  Context<Cuda> ctx;
  const auto total = ctx.make_persistent<float>(Shape{1});
  stx::fill(ctx, total.data, 1, 0.0f);
  stx::StepGraph<Cuda> graph(ctx);
  int calls = 0;
  for (int i = 0; i < 5; ++i)
    for (std::int64_t key : {3, 8})
      graph.run(key, [&] {
        ++calls;
        stx::begin_step(ctx);
        const auto scratch = ctx.make_step<float>(Shape{key});
        stx::fill(ctx, scratch.data, key, 1.0f);
        stx::add_to(ctx, total.data, scratch.data + key - 1, 1);
      });
  CHECK(stx::to_host(ctx, total)[0] == 10.0f);
  CHECK(calls == 4);  // for each key one warm-up and one capture
  stx::StepState state;
  stx::copy_to_host(ctx, &state, ctx.step_state(), sizeof state);
  CHECK(state.step == 10);
}

TEST_CASE("StepGraph on CUDA: an arena that grew meanwhile means a new capture") {
  if (no_cuda_device()) return;
  Context<Cuda> ctx;
  stx::StepGraph<Cuda> graph(ctx);
  const auto total = ctx.make_persistent<float>(Shape{1});
  stx::fill(ctx, total.data, 1, 0.0f);
  int calls = 0;
  const auto run = [&] {
    graph.run(1, [&] {
      ++calls;
      stx::begin_pass(ctx);
      const auto scratch = ctx.make_step<float>(Shape{100});
      stx::fill(ctx, scratch.data, 100, 1.0f);
      stx::add_to(ctx, total.data, scratch.data + 99, 1);
    });
  };
  for (int i = 0; i < 3; ++i) run();
  stx::begin_pass(ctx);
  ctx.make_step<float>(Shape{5000000});  // as an evaluation pass would
  for (int i = 0; i < 3; ++i) run();
  CHECK(calls == 3);
  CHECK(stx::to_host(ctx, total)[0] == 6.0f);
}

TEST_CASE("StepGraph on CUDA: an exception from the step ends the capture; the context stays usable") {
  if (no_cuda_device()) return;
  Context<Cuda> ctx;
  stx::StepGraph<Cuda> graph(ctx);
  const auto value = ctx.make_persistent<float>(Shape{1});
  bool bad = false;
  const auto step = [&] {
    stx::begin_pass(ctx);
    stx::fill(ctx, value.data, 1, 4.0f);
    if (bad) throw stx::NumericError("stop here");
  };
  graph.run(1, step);
  bad = true;
  CHECK_THROWS_WITH_AS(graph.run(1, step), "stop here", stx::NumericError);
  bad = false;
  stx::fill(ctx, value.data, 1, 0.0f);
  CHECK(stx::to_host(ctx, value)[0] == 0.0f);
  graph.run(1, step);
  CHECK(stx::to_host(ctx, value)[0] == 4.0f);
}

TEST_CASE("StepGraph on CUDA: copies and growing memory are refused inside a captured step") {
  if (no_cuda_device()) return;
  Context<Cuda> ctx;
  const auto value = ctx.make_persistent<float>(Shape{1});
  stx::StepGraph<Cuda> graph(ctx);
  float host = 1;
  const auto copies = [&] { stx::copy_to_device(ctx, value.data, &host, sizeof host); };
  graph.run(1, copies);
  CHECK_THROWS_WITH_AS(graph.run(1, copies), doctest::Contains("must not copy"), stx::DeviceError);
  std::int64_t size = 10;
  const auto grows = [&] {
    stx::begin_pass(ctx);
    ctx.make_step<float>(Shape{size});
  };
  graph.run(2, grows);
  size = 10000000;
  CHECK_THROWS_WITH_AS(graph.run(2, grows), doctest::Contains("asked for more memory"), stx::DeviceError);
  CHECK(stx::to_host(ctx, value)[0] == 1.0f);
}
