// Parameters of a layer: their names, values and gradients.
#pragma once

#include <string>

#include "gradient_check.hpp"
#include "stx/nn/parameter_store.hpp"

namespace stx::test {

using LayerStore = ParameterStore<double, Cpu>;

inline std::vector<double> value_of(Context<Cpu>& ctx, const LayerStore& store, const std::string& name) {
  for (const auto& e : store.entries())
    if (e.name == name) return to_host(ctx, e.state.value);
  FAIL("no parameter ", name);
  return {};
}

inline std::vector<std::string> names(const LayerStore& store) {
  std::vector<std::string> list;
  for (const auto& e : store.entries()) list.push_back(e.name + e.shape.str());
  return list;
}

/// Central differences of sum(weights * f()) for every value of the store, against backward().
template <class F>
void check_parameter_gradients(Context<Cpu>& ctx, LayerStore& store, F&& f) {
  const auto loss = [&] {
    stx::begin_pass(ctx);
    store.begin_step();
    const auto y = to_host(ctx, f().value());
    const auto weights = output_weights(0, static_cast<std::int64_t>(y.size()));
    double sum = 0;
    for (std::size_t i = 0; i < y.size(); ++i) sum += weights[i] * y[i];
    return sum;
  };
  stx::begin_pass(ctx);
  store.begin_step();
  const auto y = f();
  const auto weights = output_weights(0, y.shape().size());
  copy_to_device(ctx, y.claim_grad(ctx).data, weights.data(), weights.size() * sizeof(double));
  ctx.tape().run_backward(ctx);
  std::vector<std::vector<double>> gradients;
  for (auto& e : store.entries()) {
    CHECK(e.state.has_grad);
    gradients.push_back(to_host(ctx, e.state.grad));
  }
  for (std::size_t n = 0; n < gradients.size(); ++n) {
    auto& e = store.entries()[n];
    INFO(e.name);
    std::vector<double> numeric;
    for (std::int64_t i = 0; i < e.shape.size(); ++i) {
      double& x = e.state.value.data[i];
      const double before = x;
      x = before + 1e-5;
      const double above = loss();
      x = before - 1e-5;
      numeric.push_back((above - loss()) / 2e-5);
      x = before;
    }
    CHECK(max_error(gradients[n], numeric) < 1e-7);
  }
}

}  // namespace stx::test
