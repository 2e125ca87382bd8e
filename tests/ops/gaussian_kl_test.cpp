#include "stx/ops/gaussian_kl.hpp"

#include "support/golden.hpp"
#include "support/gradient_check.hpp"
#include "support/guarded.hpp"
#include "support/naive_gaussian.hpp"

using namespace stx::test;
using stx::Cpu;
using stx::Shape;
using stx::Spread;

namespace {

enum class Prior { standard, shared, own };

struct KlCase {
  std::int64_t rows, cols;
  Prior prior = Prior::standard;
  Spread kind = Spread::log_variance, prior_kind = Spread::log_variance;
};

Input spread_input(Shape shape, std::uint64_t seed, Spread kind) {
  return kind == Spread::deviation ? random_input(shape, seed, 0.2, 2) : random_input(shape, seed, -2, 2);
}

std::vector<Input> kl_inputs(const KlCase& c) {
  const Shape shape{c.rows, c.cols};
  const Shape prior = c.prior == Prior::own ? shape : (c.prior == Prior::shared ? Shape{c.cols} : Shape{0});
  std::vector<Input> in = {random_input(shape, 1), spread_input(shape, 2, c.kind), random_input(prior, 3),
                           spread_input(prior, 4, c.prior_kind)};
  in[2].needs_grad = in[3].needs_grad = c.prior == Prior::own;
  return in;
}

auto kl_op(const KlCase& c) {
  return [c]<class D>(stx::Context<D>& ctx, const auto& v) {
    using T = std::remove_pointer_t<decltype(v[0].value().data)>;
    const stx::Gaussian<T, D> q{v[0], v[1], c.kind};
    if (c.prior == Prior::standard) return std::vector{stx::gaussian_kl(ctx, q)};
    return std::vector{stx::gaussian_kl(ctx, q, {v[2], v[3], c.prior_kind})};
  };
}

template <class T>
void check_values(const KlCase& c) {
  INFO("shape ", c.rows, " x ", c.cols, " prior ", static_cast<int>(c.prior));
  stx::Context<Cpu> ctx({.threads = 2});
  const auto in = kl_inputs(c);
  const auto got = run_op<T>(ctx, in, kl_op(c));
  const auto reference = [&]<class U>(U) {
    return naive::gaussian_kl(convert<U>(in[0].values), convert<U>(in[1].values), c.kind, convert<U>(in[2].values),
                              convert<U>(in[3].values), c.prior_kind, convert<U>(output_weights(0, c.rows)), c.rows,
                              c.cols);
  };
  const auto want = reference(0.0);
  const auto rough = reference(T(0));
  check_close("value", got.outputs[0], want.value, rough.value, 8, 1);
  check_close("grad mean", got.grads[0], want.grad_mean, rough.grad_mean, 8, 1);
  check_close("grad spread", got.grads[1], want.grad_spread, rough.grad_spread, 8, 1);
  if (c.prior != Prior::own) return;
  check_close("grad prior mean", got.grads[2], want.grad_prior_mean, rough.grad_prior_mean, 8, 1);
  check_close("grad prior spread", got.grads[3], want.grad_prior_spread, rough.grad_prior_spread, 8, 1);
}

constexpr Spread kinds[] = {Spread::log_variance, Spread::softplus, Spread::deviation, Spread::floored_variance};

}  // namespace

TEST_CASE("gaussian_kl: values and gradients against the textbook formula, odd shapes") {
  for (Prior prior : {Prior::standard, Prior::shared, Prior::own}) {
    for (std::int64_t odd : odd_sizes) {
      check_values<float>({odd, 5, prior});
      check_values<float>({3, odd, prior});
    }
    for (Spread kind : kinds)
      for (Spread prior_kind : kinds) {
        check_values<float>({9, 20, prior, kind, prior_kind});
        check_values<double>({9, 20, prior, kind, prior_kind});
      }
  }
}

TEST_CASE("gaussian_kl: gradients by central differences, used once and twice") {
  for (Prior prior : {Prior::standard, Prior::shared, Prior::own})
    for (Spread kind : kinds) {
      const KlCase c{3, 4, prior, kind, kind};
      check_gradients(kl_inputs(c), kl_op(c), {.step = 1e-5, .tolerance = 1e-8});
    }
  for (KlCase c : {KlCase{0, 4}, KlCase{4, 0}}) check_gradients(kl_inputs(c), kl_op(c));
}

TEST_CASE("gaussian_kl: the floor of the variance, far below and far above it") {
  const auto parts = []<class T>(T s) { return stx::math::spread_parts(s, Spread::floored_variance); };
  for (double s : {-400.0, -40.0, -9.3, -9.2, 0.0, 5.0, 60.0}) {
    CAPTURE(s);
    const double variance = std::exp(s) + 1e-4;
    CHECK(parts(s).sigma == doctest::Approx(std::sqrt(variance)).epsilon(1e-14));
    CHECK(parts(s).log_sigma == doctest::Approx(std::log(variance) / 2).epsilon(1e-14));
    CHECK(parts(s).log_slope == doctest::Approx(std::exp(s) / variance / 2).epsilon(1e-14));
    CHECK(parts(static_cast<float>(s)).sigma == doctest::Approx(std::sqrt(variance)).epsilon(1e-6));
  }
  for (float s : {-150.0f, 150.0f}) {  // e^s is no float
    CHECK(parts(s).sigma == doctest::Approx(s < 0 ? 0.01 : std::exp(75.0)).epsilon(1e-5));
    CHECK(parts(s).log_slope == (s < 0 ? 0.0f : 0.5f));
    CHECK(std::isfinite(parts(s).slope));
  }
}

TEST_CASE("gaussian_kl: golden values of PyTorch, normal and log-normal") {
  const auto golden = golden::load("ops/gaussian_kl.txt");
  stx::Context<Cpu> ctx;
  const auto variable = [&](const char* name) {
    const auto& m = golden.at(name);
    return stx::leaf(ctx, to_device(ctx, m.values, Shape{m.rows, m.cols}));
  };
  const stx::Gaussian<double, Cpu> q{variable("mean"), variable("sigma"), Spread::deviation};
  const stx::Gaussian<double, Cpu> p{variable("prior_mean"), variable("prior_sigma"), Spread::deviation};
  CHECK(max_error(to_host(ctx, gaussian_kl(ctx, q).value()), golden.at("standard").values) <= 1e-13);
  CHECK(max_error(to_host(ctx, gaussian_kl(ctx, q, p).value()), golden.at("normal").values) <= 1e-13);
  CHECK(max_error(to_host(ctx, log_normal_kl(ctx, q, p).value()), golden.at("log_normal").values) <= 1e-13);
}

TEST_CASE("gaussian_kl: the check values of the published models") {  // VISTA, section 4.3
  stx::Context<Cpu> ctx;
  const auto one = [&](double v) { return stx::constant(ctx, to_device(ctx, std::vector{v}, Shape{1, 1})); };
  const stx::Gaussian<double, Cpu> q{one(0.7), one(0.5), Spread::deviation};
  CHECK(std::abs(to_host(ctx, gaussian_kl(ctx, q).value())[0] - 0.56314718) <= 5e-9);
  const stx::Gaussian<double, Cpu> l{one(7.1), one(0.3), Spread::deviation};
  const stx::Gaussian<double, Cpu> prior{one(6.8), one(0.6), Spread::deviation};
  CHECK(std::abs(to_host(ctx, log_normal_kl(ctx, l, prior).value())[0] - 0.44314718) <= 5e-9);
  CHECK(std::abs(to_host(ctx, gaussian_kl(ctx, l, l).value())[0]) <= 1e-15);
}

TEST_CASE("gaussian_kl: 0 between equal distributions, above 0 between others" * doctest::test_suite("properties")) {
  stx::Context<Cpu> ctx({.threads = 2});
  for (const Spread kind : {Spread::log_variance, Spread::deviation}) {
    const KlCase c{31, 7, Prior::own, kind, kind};
    auto in = kl_inputs(c);
    const auto apart = run_op<double>(ctx, in, kl_op(c));
    for (double value : apart.outputs[0]) CHECK(value > 0);
    in[2].values = in[0].values;
    in[3].values = in[1].values;
    const auto equal = run_op<double>(ctx, in, kl_op(c));
    CHECK(max_abs(equal.outputs[0]) < 1e-14);
    for (const auto& grad : equal.grads) CHECK(max_abs(grad) < 1e-14);  // a minimum
  }
}

TEST_CASE("gaussian_kl: same bits in every run and for every number of threads; nothing outside") {
  const KlCase c{97, 33, Prior::own, Spread::softplus};
  check_same_for_all_threads<float>(kl_inputs(c), kl_op(c), 2);
  stx::Context<Cpu> ctx({.threads = 3});
  Guarded<float> mean(convert<float>(random_values(35 * 3, 1))), spread(convert<float>(random_values(35 * 3, 2))),
      value(35), grad(35, 1.0f), grad_mean(35 * 3), grad_spread(35 * 3);
  const stx::GaussianKlModel<float> model{.mean = mean.data(), .spread = spread.data(), .rows = 35, .cols = 3};
  stx::gaussian_kl_forward(ctx, stx::GaussianKlForward<float>{model, value.data()});
  stx::gaussian_kl_backward(
      ctx,
      stx::GaussianKlBackward<float>{
          .model = model, .grad_value = grad.data(), .grad_mean = grad_mean.data(), .grad_spread = grad_spread.data()});
  for (auto* b : {&mean, &spread, &value, &grad, &grad_mean, &grad_spread}) CHECK(b->intact());
  CHECK(grad_mean.content() == mean.content());
}

TEST_CASE("gaussian_kl: wrong calls are errors") {
  stx::Context<Cpu> ctx;
  const auto fails = [&](KlCase c, int input, Shape shape, const char* message) {
    auto in = kl_inputs(c);
    in[input] = random_input(shape, 1);
    CHECK_THROWS_WITH_AS(run_op<float>(ctx, in, kl_op(c)), message, stx::ArgumentError);
  };
  fails({3, 4}, 1, {3, 5}, "[gaussian_kl] mean and spread must have one shape (rows, cols), got (3, 4) and (3, 5)");
  fails({3, 4, Prior::own}, 2, {3, 5},
        "[gaussian_kl] mean and spread of the prior must both be (3, 4) or (4), got (3, 5) and (3, "
        "4)");
  fails({3, 4, Prior::shared}, 2, {4}, "[gaussian_kl] a prior of one row for all must not need a gradient");
}
