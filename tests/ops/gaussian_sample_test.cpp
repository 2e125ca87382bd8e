#include "stx/ops/gaussian_sample.hpp"

#include "support/golden_op.hpp"
#include "support/gradient_check.hpp"
#include "support/guarded.hpp"
#include "support/naive_gaussian.hpp"

using namespace stx::test;
using stx::Cpu;
using stx::Shape;
using stx::Spread;

namespace {

constexpr std::uint32_t site = 5;

auto sample(Spread kind, std::uint32_t at = site) {
  return [=]<class D>(stx::Context<D>& ctx, const auto& v) {
    using T = std::remove_pointer_t<decltype(v[0].value().data)>;
    return std::vector{stx::gaussian_sample(ctx, stx::Gaussian<T, D>{v[0], v[1], kind}, at)};
  };
}

std::vector<Input> inputs(std::int64_t rows, std::int64_t cols) {
  return {random_input({rows, cols}, 1), random_input({rows, cols}, 2, 0.1, 2)};
}

}  // namespace

TEST_CASE("gaussian_sample: values and gradients against a second Philox, odd shapes") {
  const auto check = [](std::int64_t rows, std::int64_t cols, Spread kind) {
    INFO(rows, " x ", cols);
    stx::Context<Cpu> ctx({.threads = 2, .seed = 77});
    begin_step(ctx);
    begin_step(ctx);
    const auto in = inputs(rows, cols);
    const auto got = run_op<double>(ctx, in, sample(kind));
    const auto g = output_weights(0, rows * cols);
    std::vector<double> z, grad_s;
    for (std::int64_t k = 0; k < rows * cols; ++k) {
      const double eps =
          naive::normal_at(77, 2, site, static_cast<std::uint32_t>(k / cols), static_cast<std::uint32_t>(k % cols));
      z.push_back(in[0].values[k] + naive::deviation(in[1].values[k], kind) * eps);
      grad_s.push_back(g[k] * eps * naive::deviation_slope(in[1].values[k], kind));
    }
    CHECK(max_error(got.outputs[0], z) <= 1e-5);
    CHECK(max_error(got.grads[0], g) == 0);
    CHECK(max_error(got.grads[1], grad_s) <= 1e-5);
  };
  for (std::int64_t odd : odd_sizes) {
    check(odd, 3, Spread::log_variance);
    check(3, odd, Spread::softplus);
  }
  check(50, 20, Spread::deviation);
  check(33, 31, Spread::floored_variance);
}

TEST_CASE("gaussian_sample: PyTorch's samples and gradients, noise from another Philox") {
  const auto g = golden::load("ops/gaussian_sample.txt");
  std::vector<std::int32_t> ids;
  for (const double id : g.at("ids").values) ids.push_back(static_cast<std::int32_t>(id));
  const auto with_ids = [&](Spread kind) {
    return [&ids, kind](auto& ctx, const auto& v) {
      ctx.step_state()->seed = 21;
      ctx.step_state()->step = 3;
      const auto rows = to_device(ctx, ids, Shape{static_cast<std::int64_t>(ids.size())});
      return std::vector{stx::gaussian_sample(ctx, stx::Gaussian<double, Cpu>{v[0], v[1], kind}, 9, rows)};
    };
  };
  const auto check = [&](const char* prefix, Spread kind, const char* spread = "spread") {
    check_golden_op(g, prefix, {{"mean"}, {spread}}, with_ids(kind), {"y"}, 1e-6);  // the noise is float
  };
  check("log_variance_", Spread::log_variance);
  check("softplus_", Spread::softplus);
  check("deviation_", Spread::deviation);
  check("floored_variance_", Spread::floored_variance, "floored");
}

TEST_CASE("gaussian_sample: gradients by central differences, used once and twice") {
  for (Spread kind : {Spread::log_variance, Spread::softplus, Spread::deviation, Spread::floored_variance})
    check_gradients(inputs(3, 5), sample(kind));
  check_gradients(inputs(0, 4), sample(Spread::softplus));
  check_gradients(inputs(4, 0), sample(Spread::softplus));
}

TEST_CASE("gaussian_sample: mean and spread of many draws; another step or site draws anew" *
          doctest::test_suite("properties")) {
  stx::Context<Cpu> ctx({.seed = 3});
  const std::int64_t n = 20000;
  std::vector<Input> in = {{Shape{n, 2}, std::vector<double>(2 * n, 1.5)},
                           {Shape{n, 2}, std::vector<double>(2 * n, std::log(4.0))}};
  begin_step(ctx);
  const auto z = run_op<float>(ctx, in, sample(Spread::log_variance)).outputs[0];
  double mean = 0, square = 0;
  for (float v : z) {
    mean += v / (2.0 * n);
    square += (v - 1.5) * (v - 1.5) / (2.0 * n);
  }
  CHECK(std::abs(mean - 1.5) <= 4 * 2 / std::sqrt(2.0 * n));
  CHECK(std::abs(square - 4) <= 4 * 4 * std::sqrt(2 / (2.0 * n)));
  CHECK(same_bits(run_op<float>(ctx, in, sample(Spread::log_variance)).outputs[0], z));
  CHECK_FALSE(same_bits(run_op<float>(ctx, in, sample(Spread::log_variance, 6)).outputs[0], z));
  begin_step(ctx);
  CHECK_FALSE(same_bits(run_op<float>(ctx, in, sample(Spread::log_variance)).outputs[0], z));
}

TEST_CASE("gaussian_sample: a row keeps its noise in any batch by its number" * doctest::test_suite("properties")) {
  stx::Context<Cpu> ctx({.seed = 3});
  const auto mean = stx::constant(ctx, to_device(ctx, std::vector<float>(12, 0.0f), Shape{3, 4}));
  const auto one = stx::constant(ctx, to_device(ctx, std::vector<float>(12, 1.0f), Shape{3, 4}));
  const stx::Gaussian<float, Cpu> q{mean, one, Spread::deviation};
  const auto z = to_host(ctx, stx::gaussian_sample(ctx, q, site).value());
  const auto ids = to_device(ctx, std::vector<std::int32_t>{2, 0, 2}, Shape{3});
  const auto moved = to_host(ctx, stx::gaussian_sample(ctx, q, site, ids).value());
  for (int j = 0; j < 4; ++j) {
    CHECK(moved[j] == z[8 + j]);
    CHECK(moved[4 + j] == z[j]);
    CHECK(moved[8 + j] == z[8 + j]);
  }
}

TEST_CASE("gaussian_sample: same bits for every number of threads; nothing outside; wrong calls") {
  check_same_for_all_threads<float>(inputs(97, 33), sample(Spread::softplus), 2);
  stx::Context<Cpu> ctx({.threads = 3});
  Guarded<float> mean(70, 1.0f), spread(70, 0.5f), z(70), g(70, 1.0f), grad_m(70), grad_s(70);
  stx::gaussian_sample_forward(ctx,
                               stx::GaussianSampleForward<float>{
                                   .mean = mean.data(), .spread = spread.data(), .z = z.data(), .rows = 35, .cols = 2});
  stx::gaussian_sample_backward(ctx, stx::GaussianSampleBackward<float>{.grad_z = g.data(),
                                                                        .spread = spread.data(),
                                                                        .grad_mean = grad_m.data(),
                                                                        .grad_spread = grad_s.data(),
                                                                        .rows = 35,
                                                                        .cols = 2});
  for (auto* b : {&mean, &spread, &z, &g, &grad_m, &grad_s}) CHECK(b->intact());
  CHECK(max_abs(grad_s.content()) > 0);

  auto in = inputs(3, 4);
  in[1] = random_input({3, 5}, 1);
  CHECK_THROWS_WITH_AS(run_op<float>(ctx, in, sample(Spread::softplus)),
                       "[gaussian_sample] mean and spread must have one shape (rows, cols), got (3, 4) and (3, 5)",
                       stx::ArgumentError);
}
