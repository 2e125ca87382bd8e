// The Adam kernel on flat buffers; the optimiser on a store is tested in tests/optim.
#include "stx/backend/adam.hpp"

#include "stx/backend/cpu/transfer.hpp"
#include "stx/backend/elementwise.hpp"
#include "support/compare.hpp"
#include "support/golden.hpp"
#include "support/guarded.hpp"
#include "support/random.hpp"

using namespace stx::test;
using stx::Cpu;

namespace {

template <class T>
struct Moments {
  std::vector<T> p, m, v;
};

/// Algorithm 1 of Kingma and Ba with either kind of decay, for `steps` steps of known gradients.
template <class T>
Moments<T> reference(const stx::AdamOptions& o, T rate, const std::vector<std::vector<double>>& gradients,
                     const std::vector<double>& start) {
  Moments<T> r{convert<T>(start), std::vector<T>(start.size()), std::vector<T>(start.size())};
  T power1 = 1, power2 = 1;
  for (const auto& gradient : gradients) {
    power1 *= T(o.beta1);
    power2 *= T(o.beta2);
    for (std::size_t i = 0; i < start.size(); ++i) {
      T g = T(gradient[i]);
      if (o.decoupled) r.p[i] *= 1 - rate * T(o.weight_decay);
      else g += T(o.weight_decay) * r.p[i];
      r.m[i] = T(o.beta1) * r.m[i] + (1 - T(o.beta1)) * g;
      r.v[i] = T(o.beta2) * r.v[i] + (1 - T(o.beta2)) * g * g;
      r.p[i] -= rate * (r.m[i] / (1 - power1)) / (std::sqrt(r.v[i] / (1 - power2)) + T(o.eps));
    }
  }
  return r;
}

template <class T>
Moments<T> run(const stx::AdamOptions& o, float rate, const std::vector<std::vector<double>>& gradients,
               const std::vector<double>& start, int threads = 2, std::uint32_t first_step = 0) {
  stx::Context<Cpu> ctx({.threads = threads});
  ctx.step_state()->step = first_step;
  ctx.step_state()->learning_rate = rate;
  const auto n = static_cast<std::int64_t>(start.size());
  Guarded<T> p(convert<T>(start)), m(n), v(n);
  for (const auto& gradient : gradients) {
    stx::advance_step(ctx);
    Guarded<T> g(convert<T>(gradient));
    stx::adam(ctx, stx::AdamArgs<T>{p.data(), g.data(), m.data(), v.data(), n, first_step, o});
    CHECK(g.intact());
  }
  for (auto* buffer : {&p, &m, &v}) CHECK(buffer->intact());
  return {p.content(), m.content(), v.content()};
}

std::vector<std::vector<double>> gradients(std::int64_t n, int steps) {
  std::vector<std::vector<double>> g;
  for (int t = 0; t < steps; ++t) g.push_back(random_values(n, 10 + t));
  return g;
}

const std::vector<stx::AdamOptions> variants = {
    {}, {.weight_decay = 0.1f}, {.weight_decay = 0.1f, .decoupled = true}, {.beta1 = 0.0f, .beta2 = 0.5f, .eps = 0.1f}};

}  // namespace

TEST_CASE("adam: parameters and moments against a plain loop, odd sizes") {
  for (const auto& o : variants)
    for (std::int64_t n : odd_sizes) {
      INFO(n, " values, decay ", o.weight_decay, " decoupled ", o.decoupled);
      const auto start = random_values(n, 1);
      const auto g = gradients(n, 20);
      const auto want = reference<double>(o, double{0.01f}, g, start);
      const auto rough = reference<float>(o, 0.01f, g, start);
      const auto got = run<float>(o, 0.01f, g, start);
      check_close("parameters", got.p, want.p, rough.p, 8);
      check_close("means", got.m, want.m, rough.m, 8);
      check_close("squares", got.v, want.v, rough.v, 8);
      const auto exact = run<double>(o, 0.01f, g, start);
      CHECK(max_error(exact.p, want.p) < 1e-12);
    }
}

TEST_CASE("adam: PyTorch's Adam and AdamW") {
  const auto g = golden::load("ops/adam.txt");
  const std::int64_t n = g.at("start").cols;
  const auto& all = g.at("gradients");
  std::vector<std::vector<double>> gradients;
  for (std::int64_t t = 0; t < all.rows; ++t)
    gradients.emplace_back(all.values.begin() + t * n, all.values.begin() + (t + 1) * n);
  stx::AdamOptions o{.beta1 = 0.875f, .beta2 = 0.96875f, .eps = 0x1p-26f};
  const auto check = [&](const char* name, const stx::AdamOptions& options) {
    INFO(name);
    const auto got = run<double>(options, 0.0078125f, gradients, g.at("start").values);
    CHECK(max_error(got.p, g.at(name).values) <= 1e-13);
  };
  check("plain", o);
  o.weight_decay = 0.125f;
  check("coupled", o);
  o.decoupled = true;
  check("decoupled", o);
  check("other", {.beta1 = 0.0f, .beta2 = 0.5f, .eps = 0.125f});
}

TEST_CASE("adam: the same bits for every number of threads") {
  const auto start = random_values(100003, 1);
  const auto g = gradients(100003, 3);
  const auto one = run<float>(variants[1], 0.01f, g, start, 1);
  for (int threads : {1, 2, 3, 5}) {
    const auto other = run<float>(variants[1], 0.01f, g, start, threads);
    CHECK(same_bits(one.p, other.p));
    CHECK(same_bits(one.m, other.m));
    CHECK(same_bits(one.v, other.v));
  }
}

TEST_CASE("adam: the count of its steps starts at first_step") {
  const auto start = random_values(50, 1);
  const auto g = gradients(50, 5);
  CHECK(same_bits(run<float>({}, 0.01f, g, start).p, run<float>({}, 0.01f, g, start, 2, 1000).p));
}

TEST_CASE("adam: coupled and decoupled decay are different") {
  const auto start = random_values(50, 1);
  const auto g = gradients(50, 5);
  const auto none = run<double>(variants[0], 0.01f, g, start).p;
  const auto coupled = run<double>(variants[1], 0.01f, g, start).p;
  const auto decoupled = run<double>(variants[2], 0.01f, g, start).p;
  CHECK(max_error(none, coupled) > 1e-5);
  CHECK(max_error(none, decoupled) > 1e-5);
  CHECK(max_error(coupled, decoupled) > 1e-5);
}

TEST_CASE("adam: learning rate 0 leaves the parameters" * doctest::test_suite("properties")) {
  const auto start = random_values(50, 1);
  CHECK(max_error(run<float>(variants[2], 0.0f, gradients(50, 3), start).p, start) == 0);
}

TEST_CASE("adam: an update before the first step is an error") {
  stx::Context<Cpu> ctx;
  float value = 0;
  CHECK_THROWS_WITH_AS(stx::adam(ctx, stx::AdamArgs<float>{&value, &value, &value, &value, 1, 0, {}}),
                       "[adam] no step was begun since the optimiser was made; call begin_step(ctx)",
                       stx::ArgumentError);
}
