#include <stx/stx.hpp>

#include <cstdio>
#include <vector>

int main() {
  using stx::Cpu, stx::Shape;
  stx::Context<Cpu> ctx({.seed = 1});  // threads, memory, random state, tape
  stx::ParameterStore<float, Cpu> store;
  const stx::nn::Linear<float, Cpu> layer(ctx, store, "layer", 2, 1);
  store.allocate(ctx, 1);
  stx::optim::Adam<float, Cpu> adam(ctx, store, {.learning_rate = 0.05f});
  const auto x = to_device(ctx, std::vector<float>{0, 0, 0, 1, 1, 0, 1, 1}, Shape{4, 2});
  const auto y = to_device(ctx, std::vector<float>{1, 3, 4, 6}, Shape{4, 1});  // 1 + 3 x0 + 2 x1
  for (int step = 0; step < 1000; ++step) {
    stx::begin_step(ctx);
    store.begin_step();
    stx::backward(ctx, {stx::mse(ctx, layer(ctx, stx::constant(ctx, x)), y)});
    adam.step(ctx);
  }
  stx::begin_pass(ctx);
  std::printf("%.3f\n", to_host(ctx, layer(ctx, stx::constant(ctx, x)).value())[3]);  // 6.000
}
