#include "stx/ops/ada_layer_norm.hpp"

#include "stx/ops/gated_residual.hpp"
#include "support/golden.hpp"
#include "support/gradient_check.hpp"
#include "support/naive_norm.hpp"

using namespace stx::test;
using stx::Cpu;
using stx::Shape;

namespace {

/// Scale and shift as variables of their own.
auto norm(std::int64_t per_group) {
  return [=](auto& ctx, const auto& v) { return std::vector{stx::ada_layer_norm(ctx, v[0], v[1], v[2], per_group)}; };
}

/// As parts of one variable, the third of which nobody uses.
auto norm_of_parts(std::int64_t per_group) {
  return [=](auto& ctx, const auto& v) {
    const std::int64_t width = v[0].shape()[1];
    const stx::ColumnSlice scale(v[1], 2 * width, width), shift(v[1], 0, width);
    return std::vector{stx::ada_layer_norm(ctx, v[0], scale, shift, per_group)};
  };
}

std::vector<Input> inputs(std::int64_t groups, std::int64_t per_group, std::int64_t width) {
  return {random_input({groups * per_group, width}, 1, -2, 2), random_input({groups, width}, 2),
          random_input({groups, width}, 3)};
}

template <class T>
naive::RowNorm<T> reference(const std::vector<Input>& in, std::int64_t per_group) {
  const std::int64_t rows = in[0].shape[0], width = in[0].shape[1];
  auto gain = convert<T>(in[1].values);
  for (T& v : gain) v += T(1);
  return naive::row_norm<T>(convert<T>(in[0].values), gain, convert<T>(in[2].values),
                            convert<T>(output_weights(0, rows * width)), rows, width, per_group, true, T(1e-6));
}

template <class T>
void check_values(std::int64_t groups, std::int64_t per_group, std::int64_t width) {
  INFO(groups, " groups of ", per_group, " x ", width);
  const auto in = inputs(groups, per_group, width);
  stx::Context<Cpu> ctx({.threads = 2});
  const auto got = run_op<T>(ctx, in, norm(per_group));
  const auto want = reference<double>(in, per_group);
  const auto rough = reference<T>(in, per_group);
  check_close("y", got.outputs[0], want.y, rough.y, 8);
  check_close("grad x", got.grads[0], want.grad_x, rough.grad_x, 8);
  check_close("grad scale", got.grads[1], want.grad_gain, rough.grad_gain, 8);
  check_close("grad shift", got.grads[2], want.grad_shift, rough.grad_shift, 8);
}

}  // namespace

TEST_CASE("ada_layer_norm: values and gradients against plain loops, odd shapes") {
  for (std::int64_t odd : odd_sizes) {
    check_values<float>(odd, 2, 6);
    if (odd > 0) check_values<float>(2, odd, 6);
    if (odd != 1) check_values<float>(2, 3, odd);  // a width of 1 divides rounding by sqrt(eps)
  }
  check_values<double>(7, 33, 40);
}

TEST_CASE("ada_layer_norm and gated_residual: PyTorch's adaLN branch, parts of one variable") {
  const auto g = golden::load("ops/row_norm.txt");
  stx::Context<Cpu> ctx;
  stx::begin_pass(ctx);
  const auto x = leaf(ctx, to_device(ctx, g.at("x")));
  const auto residual = leaf(ctx, to_device(ctx, g.at("residual")));
  const auto modulation = leaf(ctx, to_device(ctx, g.at("modulation")));
  const auto part = [&](std::int64_t which) { return stx::ColumnSlice<double, Cpu>(modulation, 6 * which, 6); };
  const auto branch = stx::ada_layer_norm(ctx, x, part(1), part(0), 4);
  const auto y = stx::gated_residual(ctx, residual, branch, part(2), 4);
  const auto& weight = g.at("grad_y").values;
  copy_to_device(ctx, y.claim_grad(ctx).data, weight.data(), weight.size() * sizeof(double));
  ctx.tape().run_backward(ctx);
  CHECK(max_error(to_host(ctx, y.value()), g.at("ada_y").values) < 1e-13);
  CHECK(max_error(to_host(ctx, x.grad()), g.at("ada_grad_x").values) < 1e-13);
  CHECK(max_error(to_host(ctx, residual.grad()), g.at("ada_grad_residual").values) < 1e-15);
  CHECK(max_error(to_host(ctx, modulation.grad()), g.at("ada_grad_modulation").values) < 1e-13);
}

TEST_CASE("ada_layer_norm: gradients by central differences, used once and twice") {
  for (const auto& in : {inputs(2, 3, 5), inputs(3, 1, 4), inputs(0, 3, 4), inputs(2, 3, 0)}) {
    const std::int64_t per_group = in[0].shape[0] > 0 ? in[0].shape[0] / in[1].shape[0] : 3;
    check_gradients(in, norm(per_group));
  }
  for (std::size_t wanted = 0; wanted < 3; ++wanted) {
    auto in = inputs(2, 3, 5);
    for (std::size_t i = 0; i < 3; ++i) in[i].needs_grad = i == wanted;
    check_gradients(in, norm(3));
  }
  check_gradients({random_input({6, 4}, 1), random_input({2, 12}, 2)}, norm_of_parts(3));
}

TEST_CASE("ada_layer_norm: parts of one variable are the same as variables of their own") {
  const auto in = inputs(4, 6, 9);
  std::vector<double> packed;
  for (std::int64_t g = 0; g < 4; ++g) {
    const auto row = [&](std::size_t which) {
      packed.insert(packed.end(), in[which].values.begin() + g * 9, in[which].values.begin() + (g + 1) * 9);
    };
    row(2);
    packed.insert(packed.end(), 9, 5.0);
    row(1);
  }
  stx::Context<Cpu> ctx;
  const auto apart = run_op<float>(ctx, in, norm(6));
  const auto parts = run_op<float>(ctx, {in[0], {Shape{4, 27}, packed}}, norm_of_parts(6));
  CHECK(same_bits(apart.outputs, parts.outputs));
  CHECK(same_bits(apart.grads[0], parts.grads[0]));
  for (std::int64_t g = 0; g < 4; ++g)
    for (std::int64_t j = 0; j < 9; ++j) {
      REQUIRE(parts.grads[1][g * 27 + 18 + j] == apart.grads[1][g * 9 + j]);
      REQUIRE(parts.grads[1][g * 27 + j] == apart.grads[2][g * 9 + j]);
      REQUIRE(parts.grads[1][g * 27 + 9 + j] == 0);
    }
}

TEST_CASE("ada_layer_norm: adding to a row or doubling it changes nothing; scale -1 leaves the shift" *
          doctest::test_suite("properties")) {
  auto in = inputs(3, 5, 33);
  stx::Context<Cpu> ctx({.threads = 2});
  const auto plain = run_op<double>(ctx, in, norm(5)).outputs[0];
  for (double& v : in[0].values) v = 2 * v + 7;
  CHECK(max_error(run_op<double>(ctx, in, norm(5)).outputs[0], plain) < 1e-5);  // but for the 1e-6 beside the variance
  for (double& v : in[1].values) v = -1;
  const auto shifts = run_op<double>(ctx, in, norm(5)).outputs[0];
  for (std::size_t i = 0; i < shifts.size(); ++i) REQUIRE(shifts[i] == in[2].values[i / (5 * 33) * 33 + i % 33]);
}

TEST_CASE("ada_layer_norm: the same bits for every number of threads") {
  check_same_for_all_threads<float>(inputs(31, 33, 65), norm(33), 2);
  check_same_for_all_threads<float>(inputs(700, 1, 33), norm(1), 2);
}

TEST_CASE("ada_layer_norm: wrong calls are errors") {
  stx::Context<Cpu> ctx;
  CHECK_THROWS_WITH_AS(run_op<float>(ctx, inputs(2, 3, 4), norm(4)),
                       "[ada_layer_norm] x must be (groups * rows_per_group, width), got (6, 4) "
                       "and rows_per_group 4",
                       stx::ArgumentError);
  CHECK_THROWS_AS(run_op<float>(ctx, inputs(2, 3, 4), norm(0)), stx::ArgumentError);
  auto in = inputs(2, 3, 4);
  in[2] = random_input({3, 4}, 1);
  CHECK_THROWS_WITH_AS(run_op<float>(ctx, in, norm(3)),
                       "[ada_layer_norm] scale and shift must be 4 columns of matrices of 2 rows "
                       "and one width, got 4 of (2, 4) and 4 of (3, 4)",
                       stx::ArgumentError);
  in[1] = random_input({2, 8}, 1);  // has no columns 8 to 12
  CHECK_THROWS_WITH_AS(run_op<float>(ctx, in, norm_of_parts(3)),
                       "[ada_layer_norm] columns [8, 12) are not inside shape (2, 8)", stx::ArgumentError);
}
