// A training step takes no memory once it has run before. This program counts operator new.
#include <doctest/doctest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "stx/stx.hpp"

namespace {

std::atomic<long> allocations{0};

void* counted(std::size_t bytes, std::size_t alignment) {
  ++allocations;
  bytes = (bytes + alignment - 1) / alignment * alignment;
  if (void* p = std::aligned_alloc(alignment, bytes > 0 ? bytes : alignment)) return p;
  throw std::bad_alloc();
}

}  // namespace

void* operator new(std::size_t bytes) { return counted(bytes, 16); }
void* operator new[](std::size_t bytes) { return counted(bytes, 16); }
void* operator new(std::size_t bytes, std::align_val_t a) { return counted(bytes, static_cast<std::size_t>(a)); }
void* operator new[](std::size_t bytes, std::align_val_t a) { return counted(bytes, static_cast<std::size_t>(a)); }
void operator delete(void* p) noexcept { std::free(p); }
void operator delete[](void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void operator delete[](void* p, std::size_t) noexcept { std::free(p); }
void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
void operator delete[](void* p, std::align_val_t) noexcept { std::free(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }
void operator delete[](void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }

TEST_CASE("a warm step allocates nothing and uses the same addresses") {
  using stx::Cpu, stx::Shape;
  using T = float;
  stx::Context<Cpu> ctx({.threads = 2});
  stx::ParameterStore<T, Cpu> store;
  const stx::nn::Linear<T, Cpu> encoder(ctx, store, "encoder", 26, 64,
                                        {.activation = stx::Activation::gelu, .dropout = 0.1f});
  const stx::nn::Linear<T, Cpu> memory(ctx, store, "memory", 33, 64);
  const stx::nn::CrossAttention<T, Cpu> attention(ctx, store, "attention", 64, {.n_heads = 2, .dropout = 0.1f});
  const stx::nn::ResidualLayerNorm<T, Cpu> norm(ctx, store, "norm", 64, 0.1f);
  const stx::nn::Linear<T, Cpu> head(ctx, store, "head", 64, 7);
  store.allocate(ctx, 1);
  stx::optim::Adam<T, Cpu> adam(ctx, store, {});
  const auto x = to_device(ctx, std::vector<T>(300 * 26, 0.5f), Shape{300, 26});
  const auto centroids = to_device(ctx, std::vector<T>(15 * 33, 0.5f), Shape{15, 33});
  const auto target = to_device(ctx, std::vector<T>(300 * 7, 1.0f), Shape{300, 7});

  const auto step = [&] {
    stx::begin_step(ctx);
    store.begin_step();
    const auto q = encoder(ctx, constant(ctx, x));
    const auto attended = attention(ctx, q, memory(ctx, constant(ctx, centroids)));
    const auto loss = stx::mse(ctx, head(ctx, norm(ctx, attended.out, q)), target);
    stx::backward(ctx, loss);
    adam.step(ctx);
    return loss.value();
  };
  step();
  const T first_loss = *step().data;  // the second step has merged the blocks of the first
  const T* address = step().data;
  const long before = allocations;
  bool same_address = true;
  for (int i = 0; i < 3; ++i) same_address = same_address && step().data == address;
  const long made = allocations - before;
  CHECK(same_address);
  CHECK(made == 0);
  CHECK(*step().data < first_loss);
  // The counter counts.
  ::operator delete(::operator new(1));
  CHECK(allocations > before);
}
