#include "stx/ops/weighted_sum.hpp"

#include "support/golden_op.hpp"
#include "support/gradient_check.hpp"
#include "support/guarded.hpp"

using namespace stx::test;
using stx::Cpu;
using stx::Shape;

namespace {

/// values, weights, scale.
std::vector<Input> inputs(std::int64_t rows) {
  std::vector<Input> in = {random_input({rows}, 1, -5, 5), random_input({rows}, 2, 0, 1), random_input({1}, 3)};
  in[1].needs_grad = in[2].needs_grad = false;
  return in;
}

auto op(bool weighted, double factor, std::uint32_t term = 0) {
  return [=]<class D>(stx::Context<D>& ctx, const auto& v) {
    using T = std::remove_pointer_t<decltype(v[0].value().data)>;
    stx::WeightedSumOptions<T, D> options{.factor = factor, .term = term};
    if (weighted) options.weights = v[1].value();
    if (weighted) options.scale = v[2].value();
    return std::vector{stx::weighted_sum(ctx, v[0], options)};
  };
}

/// The sum of factor weight[i] scale value[i], one after another, and the slope of each value.
template <class T>
std::pair<T, std::vector<T>> naive_sum(const std::vector<Input>& in, bool weighted, double factor) {
  T sum = 0;
  std::vector<T> slopes;
  for (std::size_t i = 0; i < in[0].values.size(); ++i) {
    const T w = weighted ? static_cast<T>(in[1].values[i]) * static_cast<T>(in[2].values[0]) : T(1);
    slopes.push_back(static_cast<T>(factor) * w);
    sum += slopes.back() * static_cast<T>(in[0].values[i]);
  }
  return {sum, slopes};
}

}  // namespace

TEST_CASE("weighted_sum: value and gradient, odd sizes, weighted and not") {
  for (bool weighted : {false, true})
    for (std::int64_t rows : odd_sizes) {
      INFO(rows, " rows, weighted ", weighted);
      stx::Context<Cpu> ctx;
      const auto in = inputs(rows);
      const auto got = run_op<float>(ctx, in, op(weighted, 0.25));
      auto want = naive_sum<double>(in, weighted, 0.25);
      auto rough = naive_sum<float>(in, weighted, 0.25);
      CHECK(std::abs(got.outputs[0][0] - want.first) <= 1e-6 * (1 + std::abs(want.first)));
      for (double& slope : want.second) slope *= output_weights(0, 1)[0];
      for (float& slope : rough.second) slope *= static_cast<float>(output_weights(0, 1)[0]);
      check_close("gradient", got.grads[0], want.second, rough.second);
      check_gradients(inputs(std::min<std::int64_t>(rows, 33)), op(weighted, 0.25));
    }
}

TEST_CASE("weighted_sum: PyTorch's value and gradient") {
  const auto of_weights = []<class D>(stx::Context<D>& ctx, const auto& v) {
    return std::vector{
        stx::weighted_sum(ctx, v[0], stx::WeightedSumOptions<double, D>{.factor = 0.25, .weights = v[1].value()})};
  };
  check_golden_op(golden::load("ops/weighted_sum.txt"), "", {{"values", {11}}, {"weights", {11}}}, of_weights);
}

TEST_CASE("weighted_sum: a column counts as a list; a row of weight 0 may hold anything" *
          doctest::test_suite("properties")) {
  stx::Context<Cpu> ctx;
  auto in = inputs(3);
  in[0] = {Shape{3, 1}, {1, INFINITY, 3}};
  in[1].values = {2, 0, 1};
  in[2].values = {10};
  const auto got = run_op<double>(ctx, in, op(true, 1));
  CHECK(got.outputs[0][0] == 50);
  CHECK(ctx.step_state()->first_bad == ~0ull);
}

TEST_CASE("weighted_sum: the first row that is not finite is recorded, with its term") {
  stx::Context<Cpu> ctx;
  auto in = inputs(200);
  in[0].values[150] = std::numeric_limits<double>::quiet_NaN();
  in[0].values[170] = INFINITY;
  begin_step(ctx);
  CHECK(std::isnan(run_op<float>(ctx, in, op(false, 1, 3)).outputs[0][0]));
  CHECK(ctx.step_state()->first_bad == stx::bad_key(1, 150, 3));
}

TEST_CASE("weighted_sum: nothing is written outside, same bits every time") {
  stx::Context<Cpu> ctx;
  Guarded<float> values(convert<float>(random_values(33, 1))), loss(1), one(1, 1.0f), grad(33);
  stx::weighted_sum_forward(ctx,
                            stx::WeightedSumForward<float>{.values = values.data(), .loss = loss.data(), .rows = 33});
  stx::weighted_sum_backward(
      ctx, stx::WeightedSumBackward<float>{.grad_loss = one.data(), .grad_values = grad.data(), .rows = 33});
  for (auto* b : {&values, &loss, &one, &grad}) CHECK(b->intact());
  CHECK(grad.content() == std::vector<float>(33, 1.0f));
  check_same_for_all_threads<float>(inputs(1000), op(true, 0.5), 2);
}

TEST_CASE("weighted_sum: wrong calls are errors") {
  stx::Context<Cpu> ctx;
  auto in = inputs(3);
  in[0] = random_input({3, 2}, 1);
  CHECK_THROWS_WITH_AS(run_op<float>(ctx, in, op(false, 1)),
                       "[weighted_sum] values must have shape (rows) or (rows, 1), got (3, 2)", stx::ArgumentError);
  in = inputs(3);
  in[1] = random_input({4}, 1);
  CHECK_THROWS_WITH_AS(run_op<float>(ctx, in, op(true, 1)), "[weighted_sum] weights must have shape (3), got (4)",
                       stx::ArgumentError);
}
