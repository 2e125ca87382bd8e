#include "stx/optim/adam.hpp"

#include <doctest/doctest.h>

#include "stx/autograd/backward.hpp"
#include "stx/backend/cpu/elementwise.hpp"
#include "stx/backend/cpu/transfer.hpp"
#include "stx/ops/mse.hpp"
#include "support/compare.hpp"
#include "support/random.hpp"

using namespace stx::test;
using stx::AdamOptions;
using stx::Context;
using stx::Cpu;
using stx::Init;
using stx::Shape;
using Store = stx::ParameterStore<double, Cpu>;
using Adam = stx::optim::Adam<double, Cpu>;

namespace {

/// Parameters a (7) and b (5), of which only a is used by the loss mean((a - target)^2).
struct Problem {
  Context<Cpu> ctx{{.threads = 2}};
  Store store;
  stx::Var<double, Cpu> a, b;
  stx::Tensor<double, Cpu> target;

  Problem() {
    a = store.add("a", Shape{1, 7}, Init::uniform(1));
    b = store.add("b", Shape{5}, Init::uniform(1));
    store.allocate(ctx, 3);
    target = to_device(ctx, random_values(7, 9), Shape{1, 7});
  }

  void step(Adam& adam) {
    stx::begin_step(ctx);
    store.begin_step();
    stx::backward(ctx, stx::mse(ctx, a, target));
    adam.step(ctx);
  }
};

/// The same training in plain loops.
std::vector<double> reference(std::vector<double> a, const std::vector<double>& target, const AdamOptions& o,
                              int steps) {
  std::vector<double> m(a.size()), v(a.size());
  for (int t = 1; t <= steps; ++t)
    for (std::size_t i = 0; i < a.size(); ++i) {
      double g = 2 * (a[i] - target[i]) / static_cast<double>(a.size());
      if (!o.decoupled) g += double{o.weight_decay} * a[i];
      if (o.decoupled) a[i] -= double{o.learning_rate} * double{o.weight_decay} * a[i];
      m[i] = double{o.beta1} * m[i] + (1 - double{o.beta1}) * g;
      v[i] = double{o.beta2} * v[i] + (1 - double{o.beta2}) * g * g;
      const double m_hat = m[i] / (1 - std::pow(double{o.beta1}, t));
      const double v_hat = v[i] / (1 - std::pow(double{o.beta2}, t));
      a[i] -= double{o.learning_rate} * m_hat / (std::sqrt(v_hat) + double{o.eps});
    }
  return a;
}

const AdamOptions coupled{.learning_rate = 0.02f, .weight_decay = 0.05f};
const AdamOptions decoupled{.learning_rate = 0.02f, .weight_decay = 0.05f, .decoupled = true};

}  // namespace

TEST_CASE("Adam on a store follows a plain loop") {
  for (const AdamOptions& o : {AdamOptions{}, coupled, decoupled}) {
    Problem p;
    const auto start = to_host(p.ctx, p.a.value());
    Adam adam(p.ctx, p.store, o);
    for (int t = 0; t < 50; ++t) p.step(adam);
    CHECK(max_error(to_host(p.ctx, p.a.value()), reference(start, to_host(p.ctx, p.target), o, 50)) < 1e-13);
  }
}

TEST_CASE("Adam finds the minimum") {
  Problem p;
  Adam adam(p.ctx, p.store, {.learning_rate = 0.05f});
  for (int t = 0; t < 1000; ++t) p.step(adam);
  CHECK(max_error(to_host(p.ctx, p.a.value()), to_host(p.ctx, p.target)) < 1e-4);
}

TEST_CASE("a parameter that no op used has gradient 0: it rests, or decays") {
  Problem p;
  const auto b = to_host(p.ctx, p.b.value());
  Adam plain(p.ctx, p.store, {});
  std::fill_n(p.b.grad().data, 5, 123.0);  // a leftover of an earlier step
  for (int t = 0; t < 3; ++t) p.step(plain);
  CHECK(to_host(p.ctx, p.b.value()) == b);

  Problem q;
  Adam decaying(q.ctx, q.store, decoupled);
  for (int t = 0; t < 3; ++t) q.step(decaying);
  auto want = b;
  for (double& v : want) v *= std::pow(1 - double{0.02f} * double{0.05f}, 3);
  CHECK(max_error(to_host(q.ctx, q.b.value()), want) < 1e-14);
}

TEST_CASE("the padding between parameters stays 0") {
  Problem p;
  Adam adam(p.ctx, p.store, coupled);
  for (int t = 0; t < 5; ++t) p.step(adam);
  const auto values = to_host(p.ctx, p.store.values());
  for (std::size_t i = 0; i < values.size(); ++i)
    if ((i >= 7 && i < 16) || i >= 21) CHECK(values[i] == 0);
}

TEST_CASE("an optimiser made later counts its own steps and brings its own learning rate") {
  Problem p;
  Adam first(p.ctx, p.store, {});
  for (int t = 0; t < 20; ++t) p.step(first);
  const auto start = to_host(p.ctx, p.a.value());
  Adam second(p.ctx, p.store, coupled);
  CHECK(second.first_step() == 20);
  CHECK(p.ctx.step_state()->learning_rate == 0.02f);
  for (int t = 0; t < 10; ++t) p.step(second);
  CHECK(max_error(to_host(p.ctx, p.a.value()), reference(start, to_host(p.ctx, p.target), coupled, 10)) < 1e-13);
}

TEST_CASE("moments restored from a checkpoint continue the same run") {
  Problem whole, part;
  Adam a(whole.ctx, whole.store, coupled), b(part.ctx, part.store, coupled);
  for (int t = 0; t < 6; ++t) whole.step(a);
  for (int t = 0; t < 3; ++t) part.step(b);

  Problem resumed;
  Adam c(resumed.ctx, resumed.store, coupled);
  const auto restore = [&](const auto& to, const auto& from) {
    const auto values = to_host(part.ctx, from);
    upload(resumed.ctx, to, std::span<const double>(values));
  };
  restore(resumed.store.values(), part.store.values());
  restore(c.means(), b.means());
  restore(c.squares(), b.squares());
  resumed.ctx.step_state()->step = part.ctx.step_state()->step;
  c.set_first_step(b.first_step());
  for (int t = 0; t < 3; ++t) resumed.step(c);
  CHECK(same_bits(to_host(resumed.ctx, resumed.store.values()), to_host(whole.ctx, whole.store.values())));
}

TEST_CASE("a step before begin_step and options out of range are errors") {
  Problem p;
  Adam adam(p.ctx, p.store, {});
  CHECK_THROWS_WITH_AS(adam.step(p.ctx), "[adam] no step was begun since the optimiser was made; call begin_step(ctx)",
                       stx::ArgumentError);
  const char* message = "[Adam] learning_rate and weight_decay must not be negative, eps positive, betas in [0, 1)";
  for (const AdamOptions& o :
       {AdamOptions{.learning_rate = -1}, AdamOptions{.beta1 = 1}, AdamOptions{.beta2 = -0.1f}, AdamOptions{.eps = 0},
        AdamOptions{.weight_decay = -1}, AdamOptions{.learning_rate = std::nanf("")}})
    CHECK_THROWS_WITH_AS(Adam(p.ctx, p.store, o), message, stx::ArgumentError);
}
