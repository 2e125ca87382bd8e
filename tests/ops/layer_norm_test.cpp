#include "stx/ops/layer_norm.hpp"

#include "support/golden.hpp"
#include "support/gradient_check.hpp"
#include "support/naive_norm.hpp"

using namespace stx::test;
using stx::Cpu;
using stx::Shape;

namespace {

enum class Parts { none, gain, shift, both };

auto norm(Parts parts, double eps = 1e-5) {
  return [=](auto& ctx, const auto& v) {
    using V = std::remove_cvref_t<decltype(v[0])>;
    const bool gain = parts == Parts::gain || parts == Parts::both;
    const bool shift = parts == Parts::shift || parts == Parts::both;
    return std::vector{stx::layer_norm(ctx, v[0], gain ? v[1] : V(), shift ? v[2] : V(), eps)};
  };
}

std::vector<Input> inputs(std::int64_t rows, std::int64_t width) {
  return {random_input({rows, width}, 1, -2, 2), random_input({width}, 2, 0.5, 1.5), random_input({width}, 3)};
}

template <class T>
naive::RowNorm<T> reference(const std::vector<Input>& in, Parts parts) {
  const std::int64_t rows = in[0].shape[0], width = in[0].shape[1];
  const bool gain = parts == Parts::gain || parts == Parts::both;
  const bool shift = parts == Parts::shift || parts == Parts::both;
  return naive::row_norm<T>(
      convert<T>(in[0].values), gain ? convert<T>(in[1].values) : std::vector<T>(static_cast<std::size_t>(width), T(1)),
      shift ? convert<T>(in[2].values) : std::vector<T>(static_cast<std::size_t>(width)),
      convert<T>(output_weights(0, rows * width)), rows, width, std::max<std::int64_t>(rows, 1), true, T(1e-5));
}

template <class T>
void check_values(const std::vector<Input>& in, Parts parts) {
  INFO("x ", in[0].shape, ", parts ", static_cast<int>(parts));
  stx::Context<Cpu> ctx({.threads = 2});
  const auto got = run_op<T>(ctx, in, norm(parts));
  const auto want = reference<double>(in, parts);
  const auto rough = reference<T>(in, parts);
  check_close("y", got.outputs[0], want.y, rough.y, 8);
  check_close("grad x", got.grads[0], want.grad_x, rough.grad_x, 8);
  if (parts == Parts::gain || parts == Parts::both)
    check_close("grad gain", got.grads[1], want.grad_gain, rough.grad_gain, 8);
  else CHECK(got.grads[1].empty());
  if (parts == Parts::shift || parts == Parts::both)
    check_close("grad shift", got.grads[2], want.grad_shift, rough.grad_shift, 8);
}

constexpr Parts all_parts[] = {Parts::none, Parts::gain, Parts::shift, Parts::both};

}  // namespace

TEST_CASE("layer_norm: values and gradients against plain loops, odd shapes") {
  for (Parts parts : {Parts::none, Parts::both}) {
    for (std::int64_t odd : odd_sizes) {
      check_values<float>(inputs(odd, 6), parts);
      check_values<float>(inputs(5, odd), parts);
    }
    check_values<double>(inputs(150, 33), parts);
  }
  for (Parts parts : {Parts::gain, Parts::shift}) check_values<float>(inputs(300, 70), parts);
}

TEST_CASE("layer_norm: PyTorch's values and gradients") {
  const auto g = golden::load("ops/row_norm.txt");
  stx::Context<Cpu> ctx;
  for (const std::string name : {"plain", "affine"}) {
    stx::begin_pass(ctx);
    const auto x = leaf(ctx, to_device(ctx, g.at("x")));
    const auto gain = leaf(ctx, to_device(ctx, g.at("gain").values, Shape{6}));
    const auto shift = leaf(ctx, to_device(ctx, g.at("shift").values, Shape{6}));
    const auto y = name == "plain" ? stx::layer_norm(ctx, x, {}, {}, 1e-6) : stx::layer_norm(ctx, x, gain, shift, 1e-5);
    const auto& weight = g.at("grad_y").values;
    copy_to_device(ctx, y.claim_grad(ctx).data, weight.data(), weight.size() * sizeof(double));
    ctx.tape().run_backward(ctx);
    CHECK(max_error(to_host(ctx, y.value()), g.at(name + "_y").values) < 1e-13);
    CHECK(max_error(to_host(ctx, x.grad()), g.at(name + "_grad_x").values) < 1e-13);
    if (name == "plain") continue;
    CHECK(max_error(to_host(ctx, gain.grad()), g.at(name + "_grad_gain").values) < 1e-13);
    CHECK(max_error(to_host(ctx, shift.grad()), g.at(name + "_grad_shift").values) < 1e-13);
  }
}

TEST_CASE("layer_norm: gradients by central differences, used once and twice") {
  for (Parts parts : all_parts)
    for (const auto& in : {inputs(3, 5), inputs(1, 4), inputs(0, 3), inputs(2, 0)}) {
      auto used = in;
      used[1].needs_grad = parts == Parts::gain || parts == Parts::both;
      used[2].needs_grad = parts == Parts::shift || parts == Parts::both;
      check_gradients(used, norm(parts));
    }
}

TEST_CASE("layer_norm: gain and shift may be one variable") {
  check_gradients({random_input({4, 5}, 1), random_input({5}, 2)},
                  [](auto& ctx, const auto& v) { return std::vector{stx::layer_norm(ctx, v[0], v[1], v[1])}; });
}

TEST_CASE("layer_norm: the same bits for every number of threads") {
  check_same_for_all_threads<float>(inputs(1023, 65), norm(Parts::both), 2);
  check_same_for_all_threads<float>(inputs(3, 5000), norm(Parts::none), 2);
}

TEST_CASE("layer_norm: rows have mean 0 and variance 1, whatever is added or multiplied" *
          doctest::test_suite("properties")) {
  auto in = inputs(20, 64);
  stx::Context<Cpu> ctx;
  const auto y = run_op<double>(ctx, in, norm(Parts::none, 1e-12)).outputs[0];
  for (std::int64_t i = 0; i < 20; ++i) {
    double mean = 0, square = 0;
    for (std::int64_t j = 0; j < 64; ++j) {
      mean += y[i * 64 + j] / 64;
      square += y[i * 64 + j] * y[i * 64 + j] / 64;
    }
    CHECK(std::abs(mean) < 1e-14);
    CHECK(std::abs(square - 1) < 1e-10);
  }
  for (double& v : in[0].values) v = 3 * v + 100;
  CHECK(max_error(run_op<double>(ctx, in, norm(Parts::none, 1e-12)).outputs[0], y) < 1e-11);
}

TEST_CASE("layer_norm: wrong calls are errors") {
  stx::Context<Cpu> ctx;
  auto in = inputs(3, 4);
  in[2] = random_input({3}, 1);
  CHECK_THROWS_WITH_AS(run_op<float>(ctx, in, norm(Parts::both)),
                       "[layer_norm] gain and shift must have shape (4), got (4) and (3)", stx::ArgumentError);
  CHECK_THROWS_WITH_AS(run_op<float>(ctx, {random_input({12}, 1), in[1], in[2]}, norm(Parts::none)),
                       "[layer_norm] x must be (rows, width), got (12)", stx::ArgumentError);
  CHECK_THROWS_WITH_AS(run_op<float>(ctx, inputs(3, 4), norm(Parts::none, -1.0)),
                       "[layer_norm] eps must not be negative, got -1", stx::ArgumentError);
}
