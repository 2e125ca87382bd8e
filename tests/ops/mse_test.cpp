#include "stx/ops/mse.hpp"

#include "support/golden_op.hpp"
#include "support/gradient_check.hpp"
#include "support/naive.hpp"

using namespace stx::test;
using stx::Cpu;
using stx::Shape;

namespace {

constexpr double quiet_nan = std::numeric_limits<double>::quiet_NaN();

auto loss(double weight = 1) {
  return [weight](auto& ctx, const auto& v) { return std::vector{stx::mse(ctx, v[0], v[1].value(), {}, weight)}; };
}
auto masked_loss(double weight = 1) {
  return [weight](auto& ctx, const auto& v) {
    return std::vector{stx::mse(ctx, v[0], v[1].value(), v[2].value(), weight)};
  };
}

/// y, target and a mask of about 30 % ones.
std::vector<Input> inputs(std::int64_t rows, std::int64_t cols) {
  Input target = random_input({rows, cols}, 2), mask = random_input({rows, cols}, 3, 0, 1);
  for (double& m : mask.values) m = m < 0.3 ? 1 : 0;
  target.needs_grad = mask.needs_grad = false;
  return {random_input({rows, cols}, 1), target, mask};
}

template <class T>
void check_values(const std::vector<Input>& in, bool masked, double weight) {
  INFO("shape ", in[0].shape, ", masked ", masked);
  stx::Context<Cpu> ctx({.threads = 2});
  const auto got = masked ? run_op<T>(ctx, in, masked_loss(weight)) : run_op<T>(ctx, in, loss(weight));
  const auto reference = [&]<class U>(U) {
    auto r = naive::mse(convert<U>(in[0].values), convert<U>(in[1].values),
                        masked ? convert<U>(in[2].values) : std::vector<U>(), static_cast<U>(weight));
    for (U& g : r.second) g *= static_cast<U>(output_weights(0, 1)[0]);
    return r;
  };
  const auto want = reference(0.0);
  const auto rough = reference(T(0));
  check_close("loss", got.outputs[0], {want.first}, {rough.first}, 8);
  check_close("grad y", got.grads[0], want.second, rough.second, 8);
}

}  // namespace

TEST_CASE("mse: loss and gradient against plain loops, odd shapes") {
  for (bool masked : {false, true}) {
    for (std::int64_t odd : odd_sizes) {
      check_values<float>(inputs(odd, 33), masked, 1);
      check_values<float>(inputs(7, odd), masked, 0.25);
    }
    check_values<double>(inputs(200, 33), masked, 3);
  }
}

TEST_CASE("mse: gradient by central differences, used once and twice") {
  for (const auto& in : {inputs(3, 5), inputs(1, 1), inputs(0, 4), inputs(4, 0)}) {
    check_gradients(in, loss(2));
    check_gradients(in, masked_loss(0.5));
  }
}

TEST_CASE("mse: PyTorch's values and gradients") {
  const auto g = golden::load("ops/mse.txt");
  check_golden_op(g, "all_", {{"x"}, {"target"}}, loss(0.25));
  check_golden_op(g, "masked_", {{"x"}, {"target"}, {"mask"}}, masked_loss(0.25));
}

TEST_CASE("mse: known values") {
  stx::Context<Cpu> ctx;
  std::vector<Input> in = {
      {Shape{1, 4}, {1, 2, 3, 4}}, {Shape{1, 4}, {1, 0, 0, 0}, false}, {Shape{1, 4}, {0, 1, 0, 1}, false}};
  CHECK(run_op<double>(ctx, in, loss()).outputs[0][0] == 29.0 / 4);
  CHECK(run_op<double>(ctx, in, masked_loss()).outputs[0][0] == 10.0);
  CHECK(run_op<double>(ctx, in, masked_loss(10)).outputs[0][0] == 100.0);
  in[1].values = in[0].values;
  CHECK(run_op<double>(ctx, in, loss()).outputs[0][0] == 0);
  CHECK(run_op<double>(ctx, in, loss()).grads[0] == std::vector<double>(4, 0.0));
}

TEST_CASE("mse: nothing observed gives loss 0 and gradient 0") {
  auto in = inputs(3, 4);
  std::fill(in[2].values.begin(), in[2].values.end(), 0.0);
  stx::Context<Cpu> ctx;
  const auto run = run_op<float>(ctx, in, masked_loss());
  CHECK(run.outputs[0][0] == 0);
  CHECK(run.grads[0] == std::vector<float>(12, 0.0f));
}

TEST_CASE("mse: what a masked-out entry holds is never looked at" * doctest::test_suite("properties")) {
  auto in = inputs(40, 9);
  stx::Context<Cpu> ctx;
  const auto clean = run_op<float>(ctx, in, masked_loss(), 2);
  for (std::size_t i = 0; i < in[2].values.size(); ++i)
    if (in[2].values[i] == 0) {
      in[1].values[i] = quiet_nan;
      if (i % 2) in[0].values[i] = i % 3 ? std::numeric_limits<double>::infinity() : quiet_nan;
    }
  const auto dirty = run_op<float>(ctx, in, masked_loss(), 2);
  CHECK(same_bits(clean.outputs, dirty.outputs));
  CHECK(same_bits(clean.grads, dirty.grads));
  CHECK(ctx.step_state()->first_bad == ~0ull);
}

TEST_CASE("mse: the first row that is not finite is recorded, and stays recorded") {
  stx::Context<Cpu> ctx({.threads = 3});
  auto in = inputs(200, 9);
  begin_step(ctx);
  CHECK(std::isfinite(run_op<float>(ctx, in, loss()).outputs[0][0]));
  CHECK(ctx.step_state()->first_bad == ~0ull);
  begin_step(ctx);
  in[0].values[150 * 9 + 8] = std::numeric_limits<double>::infinity();
  in[1].values[77 * 9] = quiet_nan;
  CHECK_FALSE(std::isfinite(run_op<float>(ctx, in, loss()).outputs[0][0]));
  CHECK(ctx.step_state()->first_bad == stx::bad_key(2, 77));
  begin_step(ctx);
  in[0].values[0] = quiet_nan;
  run_op<float>(ctx, in, loss());
  CHECK(ctx.step_state()->first_bad == stx::bad_key(2, 77));
}

TEST_CASE("mse: an error whose square overflows is recorded") {
  stx::Context<Cpu> ctx;
  auto in = inputs(3, 2);
  in[0].values[2] = 1e25;
  run_op<float>(ctx, in, loss());
  CHECK(ctx.step_state()->first_bad == stx::bad_key(0, 1));
}

TEST_CASE("mse: the same bits for every number of threads") {
  check_same_for_all_threads<float>(inputs(4097, 33), loss(), 2);
  check_same_for_all_threads<float>(inputs(1023, 33), masked_loss(), 2);
}

TEST_CASE("mse: wrong calls are errors") {
  stx::Context<Cpu> ctx;
  auto in = inputs(3, 4);
  in[1] = random_input({3, 5}, 1);
  CHECK_THROWS_WITH_AS(run_op<float>(ctx, in, loss()),
                       "[mse] y, target and mask must have one shape (rows, cols), got (3, 4), (3, 5), ()",
                       stx::ArgumentError);
  in = inputs(3, 4);
  in[2] = random_input({4, 3}, 1);
  CHECK_THROWS_AS(run_op<float>(ctx, in, masked_loss()), stx::ArgumentError);
}
