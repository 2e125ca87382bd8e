#include "stx/ops/rms_norm.hpp"

#include "support/golden.hpp"
#include "support/gradient_check.hpp"
#include "support/naive_norm.hpp"

using namespace stx::test;
using stx::Cpu;
using stx::Shape;

namespace {

const auto norm = [](auto& ctx, const auto& v) { return std::vector{stx::rms_norm(ctx, v[0], v[1])}; };

std::vector<Input> inputs(std::int64_t rows, std::int64_t width) {
  return {random_input({rows, width}, 1, -2, 3), random_input({width}, 2, 0.5, 1.5)};
}

template <class T>
void check_values(const std::vector<Input>& in) {
  INFO("x ", in[0].shape);
  const std::int64_t rows = in[0].shape[0], width = in[0].shape[1];
  const auto reference = [&]<class U>(U) {
    return naive::row_norm<U>(
        convert<U>(in[0].values), convert<U>(in[1].values), std::vector<U>(static_cast<std::size_t>(width)),
        convert<U>(output_weights(0, rows * width)), rows, width, std::max<std::int64_t>(rows, 1), false, U(1e-6));
  };
  stx::Context<Cpu> ctx({.threads = 2});
  const auto got = run_op<T>(ctx, in, norm);
  const auto want = reference(double{});
  const auto rough = reference(T{});
  check_close("y", got.outputs[0], want.y, rough.y, 8);
  check_close("grad x", got.grads[0], want.grad_x, rough.grad_x, 8);
  check_close("grad gain", got.grads[1], want.grad_gain, rough.grad_gain, 8);
}

}  // namespace

TEST_CASE("rms_norm: values and gradients against plain loops, odd shapes") {
  for (std::int64_t odd : odd_sizes) {
    check_values<float>(inputs(odd, 6));
    check_values<float>(inputs(5, odd));
  }
  check_values<double>(inputs(150, 33));
}

TEST_CASE("rms_norm: known values, and PyTorch's with gradients") {
  stx::Context<Cpu> ctx;
  const auto of_four =
      run_op<double>(ctx, {{Shape{1, 4}, {1, 2, 3, 4}}, {Shape{4}, std::vector<double>(4, 1.0)}}, norm);
  CHECK(max_error(of_four.outputs[0], std::vector<double>{0.365148347, 0.730296695, 1.095445042, 1.460593389}) < 6e-10);
  const auto g = golden::load("ops/row_norm.txt");
  stx::begin_pass(ctx);
  const auto x = leaf(ctx, to_device(ctx, g.at("x")));
  const auto gain = leaf(ctx, to_device(ctx, g.at("gain").values, Shape{6}));
  const auto y = stx::rms_norm(ctx, x, gain);
  const auto& weight = g.at("grad_y").values;
  copy_to_device(ctx, y.claim_grad(ctx).data, weight.data(), weight.size() * sizeof(double));
  ctx.tape().run_backward(ctx);
  CHECK(max_error(to_host(ctx, y.value()), g.at("rms_y").values) < 1e-13);
  CHECK(max_error(to_host(ctx, x.grad()), g.at("rms_grad_x").values) < 1e-13);
  CHECK(max_error(to_host(ctx, gain.grad()), g.at("rms_grad_gain").values) < 1e-13);
}

TEST_CASE("rms_norm: gradients by central differences, used once and twice") {
  for (const auto& in : {inputs(3, 5), inputs(1, 1), inputs(0, 3), inputs(2, 0)}) check_gradients(in, norm);
  for (std::size_t wanted = 0; wanted < 2; ++wanted) {
    auto in = inputs(3, 5);
    in[1 - wanted].needs_grad = false;
    check_gradients(in, norm);
  }
}

TEST_CASE("rms_norm: the same bits for every number of threads") {
  check_same_for_all_threads<float>(inputs(1023, 65), norm, 2);
}

TEST_CASE("rms_norm: a factor of the row drops out, an added number does not" * doctest::test_suite("properties")) {
  auto in = inputs(10, 48);
  stx::Context<Cpu> ctx;
  const auto tiny_eps = [](auto& c, const auto& v) { return std::vector{stx::rms_norm(c, v[0], v[1], 1e-14)}; };
  const auto y = run_op<double>(ctx, in, tiny_eps).outputs[0];
  for (double& v : in[0].values) v *= 7;
  CHECK(max_error(run_op<double>(ctx, in, tiny_eps).outputs[0], y) < 1e-12);
  for (double& v : in[0].values) v += 7;
  CHECK(max_error(run_op<double>(ctx, in, tiny_eps).outputs[0], y) > 0.1);
}

TEST_CASE("rms_norm: rows of zeros stay zeros") {
  stx::Context<Cpu> ctx;
  auto in = inputs(2, 9);
  std::fill(in[0].values.begin(), in[0].values.end(), 0.0);
  CHECK(run_op<float>(ctx, in, norm).outputs[0] == std::vector<float>(18, 0.0f));
}

TEST_CASE("rms_norm: wrong calls are errors") {
  stx::Context<Cpu> ctx;
  CHECK_THROWS_WITH_AS(run_op<float>(ctx, {random_input({3, 4}, 1), random_input({3}, 2)}, norm),
                       "[rms_norm] x must be (rows, width) and gain (width), got (3, 4) and (3)", stx::ArgumentError);
  CHECK_THROWS_WITH_AS(
      run_op<float>(ctx, inputs(3, 4),
                    [](auto& c, const auto& v) { return std::vector{stx::rms_norm(c, v[0], v[1], -1.0)}; }),
      "[rms_norm] eps must not be negative, got -1", stx::ArgumentError);
}
