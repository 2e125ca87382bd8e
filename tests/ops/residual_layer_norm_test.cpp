#include "stx/ops/residual_layer_norm.hpp"

#include "support/golden_op.hpp"
#include "support/gradient_check.hpp"
#include "support/naive.hpp"

using namespace stx::test;
using stx::Cpu;
using stx::LayerNormOptions;
using stx::Shape;

namespace {

constexpr std::uint64_t seed = 9;
const stx::Dropout dropout{0.3f, 6};

auto norm(LayerNormOptions options = {}) {
  return [options](auto& ctx, const auto& v) {
    return std::vector{stx::residual_layer_norm(ctx, v[0], v[1], v[2], v[3], options)};
  };
}
/// Plain layer norm; the second input is not used.
auto plain(LayerNormOptions options = {}) {
  return [options](auto& ctx, const auto& v) {
    return std::vector{stx::residual_layer_norm(ctx, v[0], {}, v[2], v[3], options)};
  };
}

std::vector<Input> inputs(std::int64_t rows, std::int64_t width) {
  return {random_input({rows, width}, 1, -2, 2), random_input({rows, width}, 2, -1, 3),
          random_input({width}, 3, 0.5, 1.5), random_input({width}, 4)};
}

template <class T>
naive::LayerNorm<T> reference(const std::vector<Input>& in, bool residual, const LayerNormOptions& o) {
  const std::int64_t rows = in[0].shape[0], width = in[0].shape[1];
  std::vector<T> factors;
  if (o.dropout.active())
    factors = naive::dropout_factors<T>(seed, 1, o.dropout.site, o.dropout.probability, rows, width);
  return naive::layer_norm(convert<T>(in[0].values), residual ? convert<T>(in[1].values) : std::vector<T>(),
                           convert<T>(in[2].values), convert<T>(in[3].values), factors,
                           convert<T>(output_weights(0, rows * width)), rows, width);
}

template <class T>
void check_values(std::vector<Input> in, bool residual, const LayerNormOptions& options) {
  INFO("x ", in[0].shape, ", residual ", residual);
  stx::Context<Cpu> ctx({.threads = 2, .seed = seed});
  begin_step(ctx);
  const auto got = residual ? run_op<T>(ctx, in, norm(options)) : run_op<T>(ctx, in, plain(options));
  const auto want = reference<double>(in, residual, options);
  const auto rough = reference<T>(in, residual, options);
  check_close("y", got.outputs[0], want.y, rough.y, 8);
  check_close("grad x", got.grads[0], want.grad_x, rough.grad_x, 8);
  if (residual) check_close("grad residual", got.grads[1], want.grad_residual, rough.grad_residual, 8);
  check_close("grad gain", got.grads[2], want.grad_gain, rough.grad_gain, 8);
  check_close("grad shift", got.grads[3], want.grad_shift, rough.grad_shift, 8);
}

}  // namespace

TEST_CASE("residual_layer_norm: values and gradients against plain loops, odd shapes") {
  for (bool residual : {true, false})
    for (const LayerNormOptions& o : {LayerNormOptions{}, {1e-5, dropout}}) {
      for (std::int64_t odd : odd_sizes) {
        check_values<float>(inputs(odd, 6), residual, o);
        check_values<float>(inputs(5, odd), residual, o);
      }
      check_values<float>(inputs(300, 256), residual, o);
      check_values<double>(inputs(150, 33), residual, o);
    }
}

TEST_CASE("residual_layer_norm: PyTorch's values and gradients") {
  check_golden_op(golden::load("ops/row_norm.txt"), "sum_", {{"x"}, {"residual"}, {"gain", {6}}, {"shift", {6}}},
                  norm());
}

TEST_CASE("residual_layer_norm: gradients by central differences, used once and twice") {
  for (const LayerNormOptions& o : {LayerNormOptions{}, {1e-5, dropout}, {0.5, {}}}) {
    for (const auto& in : {inputs(3, 5), inputs(1, 2), inputs(0, 3), inputs(2, 0)}) check_gradients(in, norm(o));
    auto in = inputs(3, 5);
    in[1].needs_grad = false;
    check_gradients(in, plain(o));
  }
}

TEST_CASE("residual_layer_norm: x and residual may be one variable") {
  for (const LayerNormOptions& o : {LayerNormOptions{}, {1e-5, dropout}})
    check_gradients({random_input({3, 5}, 1), random_input({5}, 2), random_input({5}, 3)},
                    [o](auto& ctx, const auto& v) {
                      return std::vector{stx::residual_layer_norm(ctx, v[0], v[0], v[1], v[2], o)};
                    });
}

TEST_CASE("residual_layer_norm: gradients only where they are wanted") {
  for (std::size_t wanted = 0; wanted < 4; ++wanted) {
    auto in = inputs(3, 5);
    for (std::size_t i = 0; i < 4; ++i) in[i].needs_grad = i == wanted;
    check_gradients(in, norm({1e-5, dropout}));
  }
}

TEST_CASE("residual_layer_norm: the same bits for every number of threads") {
  check_same_for_all_threads<float>(inputs(1023, 65), norm({1e-5, dropout}), 2);
  check_same_for_all_threads<float>(inputs(3, 5000), norm(), 2);
}

TEST_CASE("residual_layer_norm: rows have mean 0 and variance 1, whatever is added or multiplied" *
          doctest::test_suite("properties")) {
  auto in = inputs(20, 64);
  std::fill(in[2].values.begin(), in[2].values.end(), 1.0);
  std::fill(in[3].values.begin(), in[3].values.end(), 0.0);
  stx::Context<Cpu> ctx;
  const auto y = run_op<double>(ctx, in, norm({1e-12, {}})).outputs[0];
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
  for (double& v : in[1].values) v = 3 * v - 7;
  CHECK(max_error(run_op<double>(ctx, in, norm({1e-12, {}})).outputs[0], y) < 1e-11);
}

TEST_CASE("residual_layer_norm: a large common offset costs no more than its own rounding") {
  auto in = inputs(4, 256);
  for (double& v : in[0].values) v = static_cast<float>(v + 4096);
  check_values<float>(in, true, {});
}

TEST_CASE("residual_layer_norm: constant rows give the shift, and width 1 as well") {
  auto in = inputs(3, 7);
  std::fill(in[0].values.begin(), in[0].values.end(), 2.5);
  std::fill(in[1].values.begin(), in[1].values.end(), -1.0);
  stx::Context<Cpu> ctx;
  const auto run = run_op<float>(ctx, in, norm());
  for (std::int64_t i = 0; i < 21; ++i) CHECK(run.outputs[0][i] == static_cast<float>(in[3].values[i % 7]));
  for (float g : run.grads[0]) CHECK(std::isfinite(g));
  const auto narrow = inputs(4, 1);
  const auto y = run_op<float>(ctx, narrow, norm()).outputs[0];
  for (float v : y) CHECK(v == static_cast<float>(narrow[3].values[0]));
}

TEST_CASE("residual_layer_norm: NaN stays in its row") {
  auto in = inputs(4, 5);
  in[1].values[2 * 5 + 3] = std::nan("");
  stx::Context<Cpu> ctx;
  const auto y = run_op<float>(ctx, in, norm()).outputs[0];
  for (std::int64_t i = 0; i < 20; ++i) CHECK(std::isnan(y[i]) == (i / 5 == 2));
}

TEST_CASE("residual_layer_norm: dropout only while recording") {
  const auto in = inputs(4, 50);
  stx::Context<Cpu> ctx({.seed = seed});
  begin_step(ctx);
  const auto without = run_op<float>(ctx, in, norm()).outputs[0];
  CHECK_FALSE(same_bits(without, run_op<float>(ctx, in, norm({1e-5, dropout})).outputs[0]));
  stx::NoGrad<Cpu> no_grad(ctx);
  CHECK(same_bits(without, run_op<float>(ctx, in, norm({1e-5, dropout})).outputs[0]));
}

TEST_CASE("residual_layer_norm: wrong calls are errors") {
  stx::Context<Cpu> ctx;
  auto in = inputs(3, 4);
  in[1] = random_input({3, 5}, 1);
  CHECK_THROWS_WITH_AS(run_op<float>(ctx, in, norm()),
                       "[residual_layer_norm] x and residual must both be (rows, width), got (3, 4) and (3, 5)",
                       stx::ArgumentError);
  in = inputs(3, 4);
  in[2] = random_input({3}, 1);
  CHECK_THROWS_WITH_AS(run_op<float>(ctx, in, norm()),
                       "[residual_layer_norm] gain and shift must have shape (4), got (3) and (4)", stx::ArgumentError);
  CHECK_THROWS_WITH_AS(run_op<float>(ctx, inputs(3, 4), norm({1e-5, {1.5f, 0}})),
                       "[residual_layer_norm] dropout probability must be in [0, 1), got 1.5", stx::ArgumentError);
  CHECK_THROWS_WITH_AS(run_op<float>(ctx, inputs(3, 4), norm({-1, {}})),
                       "[residual_layer_norm] eps must not be negative, got -1", stx::ArgumentError);
}
