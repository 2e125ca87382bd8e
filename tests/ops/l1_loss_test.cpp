#include "stx/ops/l1_loss.hpp"

#include "support/golden.hpp"
#include "support/gradient_check.hpp"
#include "support/naive_losses.hpp"

using namespace stx::test;
using stx::Cpu;
using stx::Shape;

namespace {

constexpr double quiet_nan = std::numeric_limits<double>::quiet_NaN();

auto loss(double weight = 1, std::uint32_t term = 0) {
  return [weight, term](auto& ctx, const auto& v) {
    return std::vector{stx::l1_loss(ctx, v[0], v[1].value(), weight, term)};
  };
}

/// y and target; every seventh entry equal.
std::vector<Input> inputs(std::int64_t rows, std::int64_t cols) {
  Input y = random_input({rows, cols}, 1), target = random_input({rows, cols}, 2);
  for (std::size_t i = 0; i < y.values.size(); i += 7) target.values[i] = y.values[i];
  target.needs_grad = false;
  return {y, target};
}

template <class T>
void check_values(const std::vector<Input>& in, double weight) {
  INFO("shape ", in[0].shape);
  stx::Context<Cpu> ctx({.threads = 2});
  const auto got = run_op<T>(ctx, in, loss(weight));
  const auto reference = [&]<class U>(U) {
    auto r = naive::l1_loss(convert<U>(in[0].values), convert<U>(in[1].values), static_cast<U>(weight));
    for (U& g : r.second) g *= static_cast<U>(output_weights(0, 1)[0]);
    return r;
  };
  const auto want = reference(0.0);
  const auto rough = reference(T(0));
  check_close("loss", got.outputs[0], {want.first}, {rough.first}, 8);
  check_close("grad y", got.grads[0], want.second, rough.second, 8);
}

}  // namespace

TEST_CASE("l1_loss: loss and gradient against plain loops, odd shapes") {
  for (std::int64_t odd : odd_sizes) {
    check_values<float>(inputs(odd, 33), 1);
    check_values<float>(inputs(7, odd), 0.25);
  }
  check_values<double>(inputs(200, 33), 3);
}

TEST_CASE("l1_loss equals PyTorch") {
  const auto golden = golden::load("ops/l1_loss.txt");
  const auto& y = golden.at("y");
  const std::vector<Input> in = {{Shape{y.rows, y.cols}, y.values},
                                 {Shape{y.rows, y.cols}, golden.at("target").values, false}};
  stx::Context<Cpu> ctx;
  const auto got = run_op<double>(ctx, in, loss(0.75));
  CHECK(std::abs(got.outputs[0][0] - golden.at("loss").values[0]) <= 1e-14);
  for (std::size_t i = 0; i < got.grads[0].size(); ++i)
    CHECK(std::abs(got.grads[0][i] - output_weights(0, 1)[0] * golden.at("grad_y").values[i]) <= 1e-16);
}

TEST_CASE("l1_loss: gradient by central differences, used once and twice") {
  for (auto shape : {Shape{3, 5}, Shape{1, 1}, Shape{0, 4}, Shape{4, 0}}) {
    auto in = inputs(shape[0], shape[1]);
    for (std::size_t i = 0; i < in[0].values.size(); i += 7) in[1].values[i] += 1;  // no kink nearby
    check_gradients(in, loss(2));
  }
}

TEST_CASE("l1_loss: known values") {
  stx::Context<Cpu> ctx;
  const std::vector<Input> in = {{Shape{1, 4}, {1, -2, 3, 4}}, {Shape{1, 4}, {2, 0, 0, 4}, false}};
  const auto run = run_op<double>(ctx, in, loss(10));
  const double g = 10 * output_weights(0, 1)[0];
  CHECK(run.outputs[0][0] == 60);
  CHECK(run.grads[0] == std::vector<double>{-g, -g, g, 0});
}

TEST_CASE("l1_loss: a common shift changes nothing, a common factor is one of the loss" *
          doctest::test_suite("properties")) {
  stx::Context<Cpu> ctx({.threads = 2});
  auto in = inputs(50, 33);
  const double plain = run_op<double>(ctx, in, loss()).outputs[0][0];
  for (Input& input : {std::ref(in[0]), std::ref(in[1])})
    for (double& v : input.values) v += 64;
  CHECK(run_op<double>(ctx, in, loss()).outputs[0][0] == doctest::Approx(plain).epsilon(1e-13));
  for (Input& input : {std::ref(in[0]), std::ref(in[1])})
    for (double& v : input.values) v *= -3;
  CHECK(run_op<double>(ctx, in, loss()).outputs[0][0] == doctest::Approx(3 * plain).epsilon(1e-13));
  in[1].values = in[0].values;
  CHECK(run_op<double>(ctx, in, loss()).outputs[0][0] == 0);
}

TEST_CASE("l1_loss: the first row that is not finite is recorded, and stays recorded") {
  stx::Context<Cpu> ctx({.threads = 3});
  auto in = inputs(200, 9);
  begin_step(ctx);
  CHECK(std::isfinite(run_op<float>(ctx, in, loss(1, 3)).outputs[0][0]));
  CHECK(ctx.step_state()->first_bad == ~0ull);
  begin_step(ctx);
  in[0].values[150 * 9 + 8] = std::numeric_limits<double>::infinity();
  in[1].values[77 * 9] = quiet_nan;
  const auto run = run_op<float>(ctx, in, loss(1, 3));
  CHECK_FALSE(std::isfinite(run.outputs[0][0]));
  CHECK(std::isnan(run.grads[0][77 * 9]));
  CHECK(ctx.step_state()->first_bad == stx::bad_key(2, 77, 3));
  begin_step(ctx);
  in[0].values[0] = quiet_nan;
  run_op<float>(ctx, in, loss(1, 3));
  CHECK(ctx.step_state()->first_bad == stx::bad_key(2, 77, 3));
}

TEST_CASE("l1_loss: the same bits for every number of threads") {
  check_same_for_all_threads<float>(inputs(4097, 33), loss(), 2);
  check_same_for_all_threads<float>(inputs(1023, 2), loss(), 2);
}

TEST_CASE("l1_loss: wrong calls are errors") {
  stx::Context<Cpu> ctx;
  auto in = inputs(3, 4);
  in[1] = random_input({3, 5}, 1);
  CHECK_THROWS_WITH_AS(run_op<float>(ctx, in, loss()),
                       "[l1_loss] y and target must have one shape (rows, cols), got (3, 4) and (3, 5)",
                       stx::ArgumentError);
}
