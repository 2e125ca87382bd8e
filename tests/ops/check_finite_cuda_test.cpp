#include "stx/autograd/check_finite.hpp"

#include "stx/core/step_graph.hpp"
#include "stx/ops/linear.hpp"
#include "support/device_rig.hpp"
#include "support/range_checks.hpp"

using namespace stx::test;
using stx::Cuda;
using stx::Shape;

TEST_CASE("check_inputs on CUDA: every run of a step is checked, none is captured") {
  if (no_cuda_device()) return;
  stx::Context<Cuda> ctx({.check_inputs = true});
  const auto x = stx::to_device(ctx, std::vector<float>(12, 1.0f), Shape{3, 4});
  const auto weight = stx::to_device(ctx, std::vector<float>(8, 0.5f), Shape{2, 4});
  stx::StepGraph<Cuda> graph(ctx);
  int runs = 0;
  const auto step = [&] {
    ++runs;
    begin_step(ctx);
    stx::linear(ctx, stx::constant(ctx, x), stx::constant(ctx, weight), stx::Var<float, Cuda>());
  };
  for (int i = 0; i < 3; ++i) CHECK_NOTHROW(graph.run(0, step));
  CHECK(runs == 3);
  const float nan = std::nanf("");
  stx::copy_to_device(ctx, x.data + 5, &nan, sizeof nan);
  CHECK_THROWS_WITH_AS(graph.run(0, step), "[linear] x (3, 4) holds nan at row 1, column 1; look at what made it",
                       stx::NumericError);
}

TEST_CASE("check_inputs on CUDA: indices out of range") {
  if (!no_cuda_device()) check_index_messages<Cuda>();
}

TEST_CASE("check_inputs on CUDA: theta of 0, below 0, and too large or small for float") {
  if (!no_cuda_device()) check_theta_messages<Cuda>();
}
