#include "stx/nn/parameter_store.hpp"

#include <doctest/doctest.h>

#include "stx/backend/cpu/transfer.hpp"
#include "stx/backend/elementwise.hpp"

using stx::Context;
using stx::Cpu;
using stx::Init;
using stx::Shape;
using Store = stx::ParameterStore<float, Cpu>;

TEST_CASE("parameters lie one after another, padded to 16 values, with their own gradients") {
  Context<Cpu> ctx;
  Store store;
  const auto a = store.add("a", Shape{3, 5}, Init::uniform(0.5));
  const auto b = store.add("b", Shape{16}, Init::filled(2));
  const auto c = store.add("c", Shape{0}, Init::filled(2));
  const auto d = store.add("d", Shape{1}, Init::filled(-1));
  store.allocate(ctx, 1);
  CHECK(store.size() == 16 + 16 + 0 + 16);
  CHECK(store.count() == 15 + 16 + 0 + 1);
  CHECK(a.value().data == store.values().data);
  CHECK(b.value().data == store.values().data + 16);
  CHECK(d.value().data == store.values().data + 32);
  CHECK(d.grad().data == store.grads().data + 32);
  CHECK(a.shape() == Shape{3, 5});
  CHECK(c.shape() == Shape{0});
  CHECK(a.needs_grad());
  CHECK_FALSE(a.has_grad());
  const auto values = to_host(ctx, store.values());
  for (int i = 0; i < 15; ++i) {
    CHECK(std::abs(values[i]) <= 0.5f);
    CHECK(values[i] != 0);
  }
  CHECK(values[15] == 0);  // padding
  for (int i = 16; i < 32; ++i) CHECK(values[i] == 2);
  CHECK(values[32] == -1);
  for (int i = 33; i < 48; ++i) CHECK(values[i] == 0);
  for (float g : to_host(ctx, store.grads())) CHECK(g == 0);
}

TEST_CASE("initial values depend on the seed and on the place in the list, and spread over the bound") {
  const auto draw = [](std::uint64_t seed) {
    Context<Cpu> ctx;
    Store store;
    store.add("a", Shape{4000}, Init::uniform(2));
    store.add("b", Shape{4000}, Init::uniform(2));
    store.allocate(ctx, seed);
    return to_host(ctx, store.values());
  };
  const auto values = draw(5);
  CHECK(values == draw(5));
  CHECK(values != draw(6));
  CHECK(std::vector<float>(values.begin(), values.begin() + 4000) !=
        std::vector<float>(values.begin() + 4000, values.end()));
  double mean = 0, square = 0;
  for (float v : values) {
    mean += v / 8000;
    square += v * v / 8000;
  }
  CHECK(std::abs(mean) < 5 * 2 / std::sqrt(3.0 * 8000));
  CHECK(square == doctest::Approx(4.0 / 3).epsilon(0.05));
}

TEST_CASE("the first stream is the Philox stream of the seed") {
  Context<Cpu> ctx;
  Store store;
  store.add("a", Shape{2}, Init::uniform(1));
  store.allocate(ctx, 77);
  stx::PhiloxStream random(77, stx::RandomPurpose::initialise, 0);
  for (float v : {store.values().data[0], store.values().data[1]})
    CHECK(v == static_cast<float>(2 * random.uniform() - 1));
}

TEST_CASE("buffers lie apart: no gradient, not counted, with initial values and names of their own") {
  Context<Cpu> ctx;
  Store store;
  const auto mean = store.add_buffer("n.mean", Shape{3}, Init::filled(0.5));
  const auto a = store.add("a", Shape{2}, Init::uniform(1));
  const auto noise = store.add_buffer("n.noise", Shape{40}, Init::uniform(2));
  store.allocate(ctx, 7);
  CHECK(store.size() == 16);
  CHECK(store.count() == 2);
  CHECK(store.entries().size() == 1);
  CHECK(store.buffers().size() == 2);
  CHECK(store.buffers()[1].name == "n.noise");
  CHECK_FALSE(mean.needs_grad());
  CHECK(mean.claim_grad(ctx).data == nullptr);
  CHECK(to_host(ctx, mean.value()) == std::vector<float>(3, 0.5f));
  CHECK(noise.value().data[39] != 0);
  CHECK(std::abs(noise.value().data[39]) <= 2);
  // Buffers do not change what the parameters start with.
  Store without;
  const auto b = without.add("a", Shape{2}, Init::uniform(1));
  without.allocate(ctx, 7);
  CHECK(to_host(ctx, a.value()) == to_host(ctx, b.value()));
}

TEST_CASE("begin_step forgets which gradients were written") {
  Context<Cpu> ctx;
  Store store;
  const auto a = store.add("a", Shape{2}, Init::filled(1));
  store.allocate(ctx, 1);
  CHECK(a.claim_grad(ctx).write == stx::GradWrite::overwrite);
  CHECK(a.claim_grad(ctx).write == stx::GradWrite::accumulate);
  store.begin_step();
  const auto target = a.claim_grad(ctx);
  CHECK(target.write == stx::GradWrite::overwrite);
  CHECK(target.data == store.grads().data);
}

TEST_CASE("names are unique and known before allocate()") {
  Context<Cpu> ctx;
  Store store;
  store.add("head.weight", Shape{2}, Init::filled(1));
  CHECK_THROWS_WITH_AS(store.add("head.weight", Shape{3}, Init::filled(1)),
                       "[ParameterStore] two parameters are named 'head.weight'", stx::ArgumentError);
  CHECK_THROWS_WITH_AS(store.add_buffer("head.weight", Shape{3}, Init::filled(1)),
                       "[ParameterStore] two parameters are named 'head.weight'", stx::ArgumentError);
  store.allocate(ctx, 1);
  CHECK_THROWS_WITH_AS(store.add("late", Shape{3}, Init::filled(1)),
                       "[ParameterStore] parameter 'late' was declared after allocate()", stx::ArgumentError);
  CHECK(store.entries().size() == 1);
  CHECK(store.entries()[0].name == "head.weight");
}
