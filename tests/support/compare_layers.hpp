// Layers on CUDA against the CPU: results, gradients of inputs and parameters, buffers.
#pragma once

#include <string>

#include "device_rig.hpp"
#include "stx/nn/parameter_store.hpp"

namespace stx::test {

template <class T>
struct LayerPass {
  std::vector<std::string> names;
  std::vector<std::vector<T>> values;  // the result, the gradient of every parameter, every buffer
};

struct LayerCheck {
  bool gradients = true;   ///< false: the result is a constant
  double least_scale = 0;  ///< of numbers that cancel: rounding of them is allowed where a gradient is 0
};

/// `build(ctx, store)` declares a layer and its inputs, as parameters, and returns the call that makes the result.
template <class T, class D, class Build>
LayerPass<T> run_layer(const Build& build, const LayerCheck& check) {
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
  REQUIRE(y.needs_grad() == check.gradients);
  const std::vector<T> weights = convert<T>(random_values(y.shape().size(), 7));
  if (check.gradients) copy_to_device(ctx, y.claim_grad(ctx).data, weights.data(), weights.size() * sizeof(T));
  ctx.tape().run_backward(ctx);
  LayerPass<T> pass{{"result"}, {to_host(ctx, y.value())}};
  for (auto& e : store.entries()) {
    INFO(e.name);
    CHECK(e.state.has_grad == check.gradients);
    pass.names.push_back(e.name);
    pass.values.push_back(to_host(ctx, e.state.grad));
  }
  for (auto& e : store.buffers()) {
    pass.names.push_back(e.name);
    pass.values.push_back(to_host(ctx, e.state.value));
  }
  return pass;
}

/// On CUDA at most twice as far from the CPU's double as the CPU's float, plus a floor.
template <class Build>
void compare_layer(const Build& build, const LayerCheck& check = {}) {
  const auto want = run_layer<double, Cpu>(build, check);
  const auto rough = run_layer<float, Cpu>(build, check);
  const auto got = run_layer<float, Cuda>(build, check);
  REQUIRE(got.names == want.names);
  for (std::size_t k = 0; k < got.names.size(); ++k) {
    INFO(got.names[k]);
    check_close("CUDA", got.values[k], want.values[k], rough.values[k], 32, check.least_scale);
  }
}

}  // namespace stx::test
