#include "stx/ops/count_log_prob.hpp"

#include "support/count_ops.hpp"
#include "support/golden.hpp"
#include "support/gradient_check.hpp"
#include "support/guarded.hpp"

using namespace stx::test;
using stx::Cpu;
using stx::Shape;

namespace {

template <class T>
void check_values(const CountCase& c) {
  INFO(c.name());
  stx::Context<Cpu> ctx({.threads = 2});
  const auto got = run_op<T>(ctx, count_inputs(c), count_op(c));
  auto weights = output_weights(0, c.rows);
  const double sign = c.softmax ? -1 : 1;
  for (double& w : weights) w *= sign;
  const auto want = c.naive_result<double>(weights);
  const auto rough = c.naive_result<T>(weights);
  auto value = want.value;
  auto rough_value = rough.value;
  for (double& v : value) v *= sign;
  for (T& v : rough_value) v *= static_cast<T>(sign);
  check_close("value", got.outputs[0], value, rough_value, 8, 1);
  check_close("grad rates", got.grads[0], want.grad_rates, rough.grad_rates, 8, 1);
  check_close("grad theta", got.grads[1], want.grad_log_theta, rough.grad_log_theta, 8, 1);
  if (c.inflated) check_close("grad zeta", got.grads[2], want.grad_zeta, rough.grad_zeta, 8, 1);
  if (c.softmax) check_close("grad library", got.grads[3], want.grad_library, rough.grad_library, 8, 1);
}

}  // namespace

TEST_CASE("count_log_prob: values and gradients against textbook formulas, odd shapes") {
  for (bool inflated : {false, true})
    for (bool sparse : {false, true}) {
      for (std::int64_t odd : odd_sizes) {
        check_values<float>({.rows = odd, .cols = 5, .inflated = inflated, .sparse = sparse});
        check_values<float>({.rows = 3, .cols = odd, .inflated = inflated, .sparse = sparse});
      }
      for (Theta theta : {Theta::per_gene, Theta::per_batch, Theta::per_entry}) {
        check_values<float>({.rows = 21, .cols = 67, .inflated = inflated, .sparse = sparse, .theta = theta});
        check_values<double>({.rows = 9, .cols = 40, .inflated = inflated, .sparse = sparse, .theta = theta});
      }
    }
}

TEST_CASE("count_log_prob: gradients by central differences, used once and twice") {
  for (bool inflated : {false, true})
    for (Theta theta : {Theta::per_gene, Theta::per_batch, Theta::per_entry}) {
      CountCase c{.rows = 4, .cols = 6, .inflated = inflated, .sparse = inflated, .theta = theta};
      INFO(c.name());
      check_gradients(count_inputs(c), count_op(c), {.step = 1e-5, .tolerance = 2e-8});
    }
  for (CountCase c : {CountCase{0, 4}, CountCase{4, 0}}) check_gradients(count_inputs(c), count_op(c));
}

TEST_CASE("count_log_prob: golden values of scipy and PyTorch") {
  const auto golden = golden::load("ops/count_log_prob.txt");
  const auto& x = golden.at("x");
  for (const std::string name : {"nb", "zinb"}) {
    INFO(name);
    const Shape shape{x.rows, x.cols};
    CountCase c{.rows = x.rows, .cols = x.cols, .inflated = name == "zinb", .theta = Theta::per_entry};
    std::vector<Input> in = {{shape, golden.at("log_mu").values},
                             {shape, golden.at("log_theta").values},
                             {shape, golden.at("zeta").values, c.inflated},
                             {Shape{0}, {}, false},
                             {shape, x.values, false},
                             {Shape{0}, {}, false}};
    stx::Context<Cpu> ctx;
    const auto run = [&]<class T>(T, double tolerance) {
      const auto got = run_op<T>(ctx, in, count_op(c));
      const auto close = [&](const std::vector<T>& a, const std::string& key) {
        const auto& want = golden.at(name + "_" + key).values;
        REQUIRE(a.size() == want.size());
        for (std::size_t k = 0; k < a.size(); ++k) {
          INFO(key, " ", k, ": ", a[k], " ", want[k]);
          CHECK(std::abs(a[k] - want[k]) <= tolerance * (1 + std::abs(want[k])));
        }
      };
      close(got.outputs[0], "value");
      const auto weights = output_weights(0, x.rows);
      const auto per_weight = [&](std::vector<T> grad) {
        for (std::size_t k = 0; k < grad.size(); ++k) grad[k] /= static_cast<T>(weights[k / x.cols]);
        return grad;
      };
      close(per_weight(got.grads[0]), "grad_log_mu");
      close(per_weight(got.grads[1]), "grad_log_theta");
      if (c.inflated) close(per_weight(got.grads[2]), "grad_zeta");
    };
    run(0.0, 1e-12);
    run(0.0f, 2e-5);
  }
}

TEST_CASE("count_log_prob: large theta tends to Poisson, value and gradients" * doctest::test_suite("properties")) {
  stx::Context<Cpu> ctx;
  const std::vector<double> x = {0, 1, 3, 40, 1e5}, mu = {2, 0.5, 3, 20, 1e5};
  for (double r : {20.0, 40.0, 80.0}) {
    std::vector<Input> in = {{Shape{5, 1}, {}},     {Shape{1}, {r}},         {Shape{0}, {}, false},
                             {Shape{0}, {}, false}, {Shape{5, 1}, x, false}, {Shape{0}, {}, false}};
    for (double m : mu) in[0].values.push_back(std::log(m));
    const auto got = run_op<float>(ctx, in, count_op({.rows = 5, .cols = 1}));
    const auto weights = output_weights(0, 5);
    double grad_r = 0, scale = 1;
    for (int i = 0; i < 5; ++i) {
      const double theta = std::exp(r);
      // To first order in 1 / theta beyond Poisson.
      const double first = (x[i] * (x[i] - 1) / 2 + mu[i] * mu[i] / 2 - x[i] * mu[i]) / theta;
      const double poisson = x[i] * std::log(mu[i]) - mu[i] - std::lgamma(x[i] + 1);
      // u - r is rounded to float: mu is known to within that.
      const double rounding = 1.2e-7 * (r + 15);
      INFO("r ", r, " x ", x[i]);
      CHECK(std::abs(got.outputs[0][i] - poisson - first) <= rounding * (3 + x[i] * std::log(1 + x[i])));
      CHECK(std::abs(got.grads[0][i] / weights[i] - (x[i] - mu[i])) <= rounding * (3 + x[i]) + 2e10 / theta);
      grad_r -= weights[i] * first;
      scale = std::max(scale, mu[i] * mu[i]);
    }
    // e^80 squared is beyond float: the gradient, about 1e-25, is then lost.
    const double tolerance = r < 60 ? 1e-5 / std::exp(r) + 1e6 / std::exp(2 * r) : 1 / std::exp(r);
    CHECK(std::abs(got.grads[1][0] - grad_r) <= tolerance * scale);
  }
}

TEST_CASE("count_log_prob: a rate of zero fits a count of zero, and nothing else") {
  stx::Context<Cpu> ctx;
  std::vector<Input> in = {
      {Shape{2, 1}, {-INFINITY, -INFINITY}}, {Shape{1}, {0.5}},    {Shape{0}, {}, false}, {Shape{0}, {}, false},
      {Shape{2, 1}, {0, 2}, false},          {Shape{0}, {}, false}};
  const auto got = run_op<float>(ctx, in, count_op({.rows = 2, .cols = 1}));
  CHECK(got.outputs[0][0] == doctest::Approx(0));
  CHECK(got.outputs[0][1] == -std::numeric_limits<float>::infinity());
}

TEST_CASE("count_log_prob: a count that is not a number is not taken for zero") {
  stx::Context<Cpu> ctx;
  CountCase c{.rows = 2, .cols = 40};
  auto in = count_inputs(c);
  in[4].values[45] = std::numeric_limits<double>::quiet_NaN();
  const auto got = run_op<float>(ctx, in, count_op(c));
  CHECK(std::isfinite(got.outputs[0][0]));
  CHECK(std::isnan(got.outputs[0][1]));
}

TEST_CASE("count_log_prob: same bits in every run and for every number of threads") {
  for (bool sparse : {false, true}) {
    const CountCase c{.rows = 65, .cols = 333, .inflated = true, .sparse = sparse, .theta = Theta::per_batch};
    check_same_for_all_threads<float>(count_inputs(c), count_op(c), 2);
  }
}

TEST_CASE("count_log_prob: nothing is written outside") {
  stx::Context<Cpu> ctx({.threads = 3});
  const CountCase c{.rows = 13, .cols = 37, .softmax = true, .inflated = true, .theta = Theta::per_batch};
  const auto as_float = [](const std::vector<double>& v) { return Guarded<float>(convert<float>(v)); };
  auto x = as_float(c.counts()), a = as_float(c.rates()), l = as_float(c.library()), z = as_float(c.zeta());
  auto r = as_float(c.log_theta());
  Guarded<std::int32_t> batch(c.theta_row());
  Guarded<float> value(c.rows), lse(c.rows), grad_sum(c.rows), grad(c.rows, 1.0f), grad_a(c.rows * c.cols),
      grad_z(c.rows * c.cols), grad_r(3 * c.cols), grad_l(c.rows), kept_u(c.rows * c.cols), kept_z(c.rows * c.cols),
      kept_r(c.rows * c.cols);
  const stx::CountTermGrads<float> kept{kept_u.data(), kept_z.data(), kept_r.data()};
  const stx::CountModel<float> model{.counts = {.dense = x.data()},
                                     .logits = a.data(),
                                     .library = l.data(),
                                     .dispersion = {r.data(), batch.data(), false, 3},
                                     .zeta = z.data(),
                                     .rows = c.rows,
                                     .cols = c.cols};
  stx::count_log_prob_forward(ctx,
                              stx::CountLogProbForward<float>{model, value.data(), lse.data(), grad_sum.data(), kept});
  stx::count_log_prob_backward(ctx, stx::CountLogProbBackward<float>{.model = model,
                                                                     .grad_value = grad.data(),
                                                                     .lse = lse.data(),
                                                                     .grad_sum = grad_sum.data(),
                                                                     .kept = kept,
                                                                     .grad_logits = grad_a.data(),
                                                                     .grad_zeta = grad_z.data(),
                                                                     .grad_log_theta = grad_r.data(),
                                                                     .grad_library = grad_l.data()});
  for (auto* buffer : {&x, &a, &l, &z, &r, &value, &lse, &grad_sum, &grad, &grad_a, &grad_z, &grad_r, &grad_l, &kept_u,
                       &kept_z, &kept_r})
    CHECK(buffer->intact());
  CHECK(batch.intact());
  CHECK(max_abs(grad_r.content()) > 0);
}

TEST_CASE("count_log_prob: wrong calls are errors") {
  stx::Context<Cpu> ctx;
  CountCase c{.rows = 3, .cols = 4, .inflated = true};
  const auto fails = [&](int input, Shape shape, const char* message) {
    auto in = count_inputs(c);
    in[input] = random_input(shape, 1);
    CHECK_THROWS_WITH_AS(run_op<float>(ctx, in, count_op(c)), message, stx::ArgumentError);
  };
  fails(4, {3, 5},
        "[count_log_prob] counts and log rates must have one shape (rows, genes), got (3, 5) and "
        "(3, 4)");
  fails(1, {2, 4},
        "[count_log_prob] log_theta must have shape (4) or (3, 4), got (2, 4); did you forget the "
        "batch of each row?");
  fails(2, {4}, "[count_log_prob] zeta must have shape (3, 4), got (4)");
  c.theta = Theta::per_batch;
  fails(1, {3, 5},
        "[count_log_prob] per batch, log_theta must be (batches, 4) and batch (3), got (3, 5) and "
        "(3)");
}
