// Public ops on CUDA against the CPU: results, and through the tape the gradient of every input.
#pragma once

#include "device_rig.hpp"
#include "run_op.hpp"

namespace stx::test {

template <class T, class D>
using Vars = std::vector<Var<T, D>>;

/// Calls `op(ctx, vars) -> Vars` on the CPU in double and float and on CUDA, used once and twice: results
/// and gradients on CUDA are at most twice as far from the CPU's double as the CPU's float, plus a floor.
template <class Op>
void compare_public(const std::vector<Input>& inputs, const Op& op, double floor_ulps = 32) {
  for (const int uses : {1, 2}) {
    INFO("uses ", uses);
    const auto run = [&]<class T, class D>(T, D) {
      Context<D> ctx({.threads = 1, .seed = 11, .gemm_workspace_bytes = small_workspace});
      begin_step(ctx);
      return run_op<T>(ctx, inputs, op, uses);
    };
    const auto want = run(double{}, Cpu{});
    const auto rough = run(float{}, Cpu{});
    const auto got = run(float{}, Cuda{});
    REQUIRE(!want.outputs.empty());
    REQUIRE(got.outputs.size() == want.outputs.size());
    for (std::size_t k = 0; k < want.outputs.size(); ++k)
      check_close("result " + std::to_string(k), got.outputs[k], want.outputs[k], rough.outputs[k], floor_ulps);
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      CHECK(static_cast<std::int64_t>(got.grads[k].size()) == (inputs[k].needs_grad ? inputs[k].shape.size() : 0));
      check_close("gradient " + std::to_string(k), got.grads[k], want.grads[k], rough.grads[k], floor_ulps);
    }
  }
}

/// Whole numbers, `op(ctx)` on the host: the same on both devices.
template <class Op>
void compare_exact(const Op& op) {
  const auto run = [&]<class D>(D) {
    Context<D> ctx({.threads = 1, .seed = 11, .gemm_workspace_bytes = small_workspace});
    begin_step(ctx);
    return op(ctx);
  };
  const auto want = run(Cpu{});
  CHECK(want.size() > 0);
  CHECK(run(Cuda{}) == want);
}

/// An input that is data: no gradient.
inline Input data_input(Shape shape, std::uint64_t seed, double low = -1, double high = 1) {
  Input input = random_input(shape, seed, low, high);
  input.needs_grad = false;
  return input;
}

template <class D>
Tensor<std::int32_t, D> ids(Context<D>& ctx, const std::vector<std::int32_t>& values) {
  return to_device(ctx, values, Shape{static_cast<std::int64_t>(values.size())});
}

}  // namespace stx::test
