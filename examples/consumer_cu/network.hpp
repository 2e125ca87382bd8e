// A small network, trained on the CPU and on a GPU.
#pragma once

#include <stx/cuda.hpp>
#include <stx/stx.hpp>

#include <cmath>
#include <cstdio>
#include <vector>

/// Loss of a small network after some steps of training.
template <class D>
float train(D) {
  stx::Context<D> ctx({.seed = 1});
  stx::ParameterStore<float, D> store;
  const stx::nn::Linear<float, D> hidden(ctx, store, "hidden", 2, 8, {.activation = stx::Activation::gelu});
  const stx::nn::Linear<float, D> out(ctx, store, "out", 8, 1);
  store.allocate(ctx, 1);
  stx::optim::Adam<float, D> adam(ctx, store, {.learning_rate = 0.01f});
  const auto x = to_device(ctx, std::vector<float>{0, 0, 0, 1, 1, 0, 1, 1}, stx::Shape{4, 2});
  const auto target = to_device(ctx, std::vector<float>{0, 1, 1, 0}, stx::Shape{4, 1});
  stx::Var<float, D> loss;
  for (int step = 0; step < 20; ++step) {
    stx::begin_step(ctx);
    store.begin_step();
    loss = stx::mse(ctx, out(ctx, hidden(ctx, stx::constant(ctx, x))), target);
    stx::backward(ctx, {loss});
    adam.step(ctx);
  }
  return to_host(ctx, loss.value())[0];
}

/// Trains on both devices; 0 when they agree, or when there is no GPU.
inline int compare_devices() {
  const float on_cpu = train(stx::Cpu{});
  std::printf("loss on the CPU: %.6f\n", on_cpu);
  if (stx::cuda::device_count() == 0) {
    std::puts("Skipped: no CUDA device");
    return 0;
  }
  const float on_gpu = train(stx::Cuda{});
  std::printf("loss on the GPU: %.6f\n", on_gpu);
  return std::abs(on_gpu - on_cpu) <= 1e-4f ? 0 : 1;
}
