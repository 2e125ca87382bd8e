#include "stx/optim/clip_grad_norm.hpp"

#include "stx/autograd/backward.hpp"
#include "stx/backend/cpu/transfer.hpp"
#include "stx/backend/elementwise.hpp"
#include "support/compare.hpp"
#include "support/golden.hpp"
#include "support/guarded.hpp"
#include "support/random.hpp"

using namespace stx::test;
using stx::Cpu;
using stx::Shape;

namespace {

template <class T>
struct Clipped {
  std::vector<T> gradients;
  T norm;
};

template <class T>
Clipped<T> run(const std::vector<double>& gradients, double max_norm, int threads = 2) {
  stx::Context<Cpu> ctx({.threads = threads});
  Guarded<T> g(convert<T>(gradients)), norm(1), factor(1);
  stx::ClipGradNorm<T> args{.gradients = g.data(),
                            .size = static_cast<std::int64_t>(gradients.size()),
                            .norm = norm.data(),
                            .factor = factor.data(),
                            .max_norm = static_cast<T>(max_norm)};
  Guarded<double> partials(args.chunks());
  args.partials = partials.data();
  stx::clip_grad_norm(ctx, args);
  CHECK((g.intact() && norm.intact() && factor.intact() && partials.intact()));
  return {g.content(), norm.content()[0]};
}

template <class T>
std::vector<T> naive_clip(const std::vector<double>& gradients, double max_norm) {
  T squares = 0;
  for (double g : gradients) squares += T(g) * T(g);
  const T factor = std::min(T(1), T(max_norm) / (std::sqrt(squares) + T(1e-6)));
  std::vector<T> all{std::sqrt(squares)};
  for (double g : gradients) all.push_back(T(g) * factor);
  return all;
}

}  // namespace

TEST_CASE("clip_grad_norm: norm and gradients against plain loops, odd sizes") {
  for (std::int64_t n : {0, 1, 7, 8, 9, 31, 32, 33, 1023, 4095, 4096, 4097, 20001})
    for (double max_norm : {0.5, 1e4}) {
      const auto gradients = random_values(n, 1, -2, 2);
      const auto got = run<float>(gradients, max_norm);
      std::vector<float> all{got.norm};
      all.insert(all.end(), got.gradients.begin(), got.gradients.end());
      INFO(n, " values, at most ", max_norm);
      check_close("clipped", all, naive_clip<double>(gradients, max_norm), naive_clip<float>(gradients, max_norm));
    }
}

TEST_CASE("clip_grad_norm: PyTorch's values") {
  const auto golden = golden::load("ops/clip_grad_norm.txt");
  for (const auto& [name, most] : {std::pair{"clipped", 1.5}, {"kept", 100.0}}) {
    const auto got = run<double>(golden.at("gradient").values, most);
    CHECK(got.norm == doctest::Approx(golden.at(std::string("norm_") + name).values[0]).epsilon(1e-14));
    CHECK(max_error(got.gradients, golden.at(name).values) < 1e-14);
  }
}

TEST_CASE("clip_grad_norm: gradients below the bound keep their bits, those above end at it" *
          doctest::test_suite("properties")) {
  const auto gradients = random_values(5000, 2);
  CHECK(same_bits(run<float>(gradients, 1e3).gradients, convert<float>(gradients)));
  double squares = 0;
  for (float g : run<float>(gradients, 2).gradients) squares += double{g} * g;
  CHECK(std::sqrt(squares) == doctest::Approx(2).epsilon(1e-5));
  CHECK(run<float>(std::vector<double>(100, 0.0), 1).gradients == std::vector<float>(100, 0.0f));
}

TEST_CASE("clip_grad_norm: huge and tiny gradients neither overflow nor vanish; NaN shows") {
  CHECK(run<float>(std::vector<double>(4, 1e30), 1).norm == doctest::Approx(2e30));
  CHECK(run<float>(std::vector<double>(4, 1e30), 1).gradients[0] == doctest::Approx(0.5));
  CHECK(run<float>(std::vector<double>(4, 1e-30), 1).norm == doctest::Approx(2e-30));
  auto gradients = random_values(50, 3);
  gradients[17] = std::nan("");
  const auto broken = run<float>(gradients, 1);
  CHECK(std::isnan(broken.norm));
  for (float g : broken.gradients) CHECK(std::isnan(g));
}

TEST_CASE("clip_grad_norm: the same bits for every number of threads") {
  const auto gradients = random_values(100003, 4);
  const auto one = run<float>(gradients, 1, 1);
  for (int threads : {1, 2, 3, 5}) {
    const auto other = run<float>(gradients, 1, threads);
    CHECK(other.norm == one.norm);
    CHECK(same_bits(other.gradients, one.gradients));
  }
}

TEST_CASE("clip_grad_norm: over a store, gradients that nothing wrote count as zero") {
  stx::Context<Cpu> ctx;
  stx::ParameterStore<double, Cpu> store;
  const auto a = store.add("a", Shape{3}, stx::Init::filled(1));
  store.add("b", Shape{4}, stx::Init::filled(1));
  store.allocate(ctx, 1);
  std::fill_n(store.grads().data, store.size(), 0.0);
  store.begin_step();
  double* grad = a.claim_grad(ctx).data;
  grad[0] = 3;
  grad[1] = -4;
  store.entries()[1].state.grad.data[2] = 100;  // of an earlier step
  CHECK(*stx::optim::clip_grad_norm(ctx, store, 1.0).data == doctest::Approx(5));
  CHECK(grad[0] == doctest::Approx(0.6).epsilon(1e-6));
  CHECK(grad[1] == doctest::Approx(-0.8).epsilon(1e-6));
  CHECK(store.entries()[1].state.grad.data[2] == 0);
  CHECK_THROWS_WITH_AS(stx::optim::clip_grad_norm(ctx, store, 0.0),
                       "[clip_grad_norm] max_norm must be positive and finite, got 0", stx::ArgumentError);
  CHECK_THROWS_AS(stx::optim::clip_grad_norm(ctx, store, std::nan("")), stx::ArgumentError);
}
