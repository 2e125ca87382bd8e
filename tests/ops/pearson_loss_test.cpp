#include "stx/ops/pearson_loss.hpp"

#include "support/golden.hpp"
#include "support/gradient_check.hpp"
#include "support/guarded.hpp"
#include "support/naive_losses.hpp"

using namespace stx::test;
using stx::Cpu;
using stx::Shape;

namespace {

std::vector<Input> inputs(std::int64_t rows, std::int64_t cols) {
  std::vector<Input> in = {random_input({rows, cols}, 1), random_input({rows, cols}, 2, 0, 3)};
  for (std::size_t k = 0; k < in[0].values.size(); ++k) in[0].values[k] += 0.5 * in[1].values[k];
  in[1].needs_grad = false;
  return in;
}

auto op(double weight = 1) {
  return [=](auto& ctx, const auto& v) {
    return std::vector{stx::pearson_loss(ctx, v[0], v[1].value(), {}, {.weight = weight, .term = 1})};
  };
}

/// v[2] is the mask.
auto masked_op(stx::PearsonOptions options) {
  return [=](auto& ctx, const auto& v) {
    return std::vector{stx::pearson_loss(ctx, v[0], v[1].value(), v[2].value(), options)};
  };
}

/// With a mask that leaves about `share` of the entries and NaN under the others.
std::vector<Input> masked_inputs(std::int64_t rows, std::int64_t cols, double share) {
  auto in = inputs(rows, cols);
  in.push_back({Shape{rows, cols}, random_values(rows * cols, 8, 0, 1), false});
  for (std::size_t k = 0; k < in[2].values.size(); ++k) {
    in[2].values[k] = in[2].values[k] < share ? 1 : 0;
    in[0].values[k] = static_cast<float>(in[0].values[k]);  // exact in float
    if (in[2].values[k] == 0) in[0].values[k] = in[1].values[k] = std::numeric_limits<double>::quiet_NaN();
  }
  return in;
}

template <class T>
void check_values(std::int64_t rows, std::int64_t cols) {
  INFO(rows, " x ", cols);
  stx::Context<Cpu> ctx({.threads = 2});
  auto in = inputs(rows, cols);
  in[0].values = random_input({rows, cols}, 9).values;  // exact in float
  const auto got = run_op<T>(ctx, in, op(2));
  const auto reference = [&]<class U>(U) {
    auto r = naive::pearson_loss(convert<U>(in[0].values), convert<U>(in[1].values), rows, cols);
    r.first *= 2;
    for (U& g : r.second) g *= static_cast<U>(2 * output_weights(0, 1)[0]);
    return r;
  };
  const auto want = reference(0.0);
  const auto rough = reference(T(0));
  check_close("loss", got.outputs[0], {want.first}, {rough.first}, 8, 1);
  check_close("grad", got.grads[0], want.second, rough.second, 16);
}

}  // namespace

TEST_CASE("pearson_loss: loss and gradient against plain loops, odd shapes") {
  for (std::int64_t odd : odd_sizes) {
    if (odd != 1) check_values<float>(odd, 5);
    check_values<float>(9, odd);
  }
  check_values<double>(40, 33);
}

TEST_CASE("pearson_loss: masked, with least rows and variance, against plain loops") {
  const stx::PearsonOptions options{.weight = 2, .least_rows = 4, .least_variance = 0.5, .eps = 1e-3};
  for (const Shape& shape : {Shape{40, 33}, {9, 130}, {5, 7}, {1, 3}, {0, 4}, {4, 0}, {1023, 3}}) {
    const std::int64_t rows = shape[0], cols = shape[1];
    CAPTURE(rows);
    CAPTURE(cols);
    stx::Context<Cpu> ctx({.threads = 2});
    const auto in = masked_inputs(rows, cols, 0.6);
    const auto reference = [&]<class U>(U) {
      auto r = naive::pearson_loss(convert<U>(in[0].values), convert<U>(in[1].values), rows, cols,
                                   convert<U>(in[2].values), 4, 0.5, 1e-3);
      r.first *= 2;
      for (U& g : r.second) g *= static_cast<U>(2 * output_weights(0, 1)[0]);
      return r;
    };
    const auto want = reference(0.0);
    const auto rough = reference(0.0f);
    const auto got = run_op<float>(ctx, in, masked_op(options));
    check_close("loss", got.outputs[0], {want.first}, {rough.first}, 8, 1);
    if (rows > 5) CHECK(max_abs(want.second) > 0);
    if (rows < 4) CHECK(got.outputs[0][0] == 0);
    if (rows >= 4) check_close("grad", got.grads[0], want.second, rough.second, 16);
    if (rows < 4) CHECK(max_error(got.grads[0], std::vector<double>(rows * cols, 0)) == 0);
  }
}

TEST_CASE("pearson_loss: gradient by central differences, used once and twice") {
  check_gradients(inputs(6, 4), op(3));
  check_gradients(inputs(0, 4), op());
  check_gradients(inputs(4, 0), op());
  auto in = masked_inputs(12, 5, 0.7);
  for (auto& input : in)
    for (double& v : input.values) v = std::isnan(v) ? 1e3 : v;  // differences are taken there too
  check_gradients(in, masked_op({.weight = 3, .least_rows = 7, .eps = 0.1}));
}

TEST_CASE("pearson_loss: golden values of numpy and PyTorch") {
  const auto golden = golden::load("ops/pearson_loss.txt");
  const auto& p = golden.at("prediction");
  const Shape shape{p.rows, p.cols};
  stx::Context<Cpu> ctx;
  const auto got = run_op<double>(ctx, {{shape, p.values}, {shape, golden.at("target").values, false}}, op());
  CHECK(std::abs(got.outputs[0][0] - golden.at("loss").values[0]) <= 1e-14);
  auto want = golden.at("grad").values;
  for (double& g : want) g *= output_weights(0, 1)[0];
  CHECK(max_error(got.grads[0], want) <= 1e-14);
  const auto masked = run_op<double>(
      ctx, {{shape, p.values}, {shape, golden.at("faint").values, false}, {shape, golden.at("mask").values, false}},
      masked_op({.least_rows = 8, .least_variance = 1e-8, .eps = 1e-3}));
  CHECK(std::abs(masked.outputs[0][0] - golden.at("masked_loss").values[0]) <= 1e-14);
  want = golden.at("masked_grad").values;
  for (double& g : want) g *= output_weights(0, 1)[0];
  CHECK(max_error(masked.grads[0], want) <= 1e-13 * max_abs(want));
}

TEST_CASE("pearson_loss: a column counts from its least rows on, and with more than the least variance") {
  stx::Context<Cpu> ctx;
  // Column 0: eight rows left; 1: seven; 2: eight, of a target that does not vary.
  std::vector<Input> in = inputs(9, 3);
  in.push_back({Shape{9, 3}, std::vector<double>(27, 1), false});
  for (std::int64_t k : {0, 1, 4, 2}) in[2].values[k] = 0;
  for (std::int64_t i = 0; i < 9; ++i) in[1].values[3 * i + 2] = 5;
  const auto loss = [&](stx::PearsonOptions options) {
    return run_op<double>(ctx, in, masked_op(options)).outputs[0][0];
  };
  std::vector<double> r(3, 0);
  for (std::int64_t j = 0; j < 2; ++j) {
    std::vector<double> p, t;
    for (std::int64_t i = 0; i < 9; ++i)
      if (in[2].values[3 * i + j] != 0) {
        p.push_back(in[0].values[3 * i + j]);
        t.push_back(in[1].values[3 * i + j]);
      }
    r[j] = 1 - naive::pearson_loss(p, t, static_cast<std::int64_t>(p.size()), 1).first;
  }
  CHECK(loss({}) == doctest::Approx(1 - (r[0] + r[1]) / 3).epsilon(1e-13));
  CHECK(loss({.least_variance = 0}) == doctest::Approx(1 - (r[0] + r[1]) / 2).epsilon(1e-13));
  CHECK(loss({.least_rows = 8, .least_variance = 1e-8}) == doctest::Approx(1 - r[0]).epsilon(1e-13));
  CHECK(loss({.least_rows = 8}) == doctest::Approx(1 - r[0] / 2).epsilon(1e-13));
  CHECK(loss({.least_rows = 9}) == 0);
  in[1].values[5 * 3] = std::numeric_limits<double>::quiet_NaN();  // in sight: it shows
  CHECK(std::isnan(loss({.least_rows = 8, .least_variance = 1e-8})));
}

TEST_CASE("pearson_loss: scale and shift do not matter" * doctest::test_suite("properties")) {
  stx::Context<Cpu> ctx;
  auto in = inputs(50, 3);
  const double before = run_op<double>(ctx, in, op()).outputs[0][0];
  for (double& v : in[0].values) v = 1e4 + 3 * v;
  // Values of 1e4 are rounded by 2e-12 of their spread.
  CHECK(run_op<double>(ctx, in, op()).outputs[0][0] == doctest::Approx(before).epsilon(1e-11));
  in[0].values = in[1].values;
  CHECK(run_op<double>(ctx, in, op()).outputs[0][0] == doctest::Approx(0).epsilon(1e-12));
  for (double& v : in[0].values) v = -v;
  CHECK(run_op<double>(ctx, in, op()).outputs[0][0] == doctest::Approx(2));
}

TEST_CASE("pearson_loss: an offset of ten thousand standard deviations costs no digits in float") {
  constexpr std::int64_t rows = 200, cols = 5;
  auto in = inputs(rows, cols);
  for (Input& input : in)
    for (double& v : input.values) v = static_cast<float>(1e4 + v);  // what float can hold
  const auto [loss, grad] = naive::pearson_loss(in[0].values, in[1].values, rows, cols);
  stx::Context<Cpu> ctx;
  const auto got = run_op<float>(ctx, in, op());
  CHECK(std::abs(got.outputs[0][0] - loss) <= 4e-7 * loss);
  auto want = grad;
  for (double& g : want) g *= static_cast<float>(output_weights(0, 1)[0]);
  CHECK(max_error(got.grads[0], want) <= 1e-6 * max_abs(want));
}

TEST_CASE("pearson_loss: a constant column counts 1 and has no gradient") {
  stx::Context<Cpu> ctx;
  auto in = inputs(30, 2);
  for (int i = 0; i < 30; ++i) in[0].values[2 * i] = 0.1;  // 0.1 is no double: its sums round
  const auto both = run_op<float>(ctx, in, op());
  for (int i = 0; i < 30; ++i) CHECK(both.grads[0][2 * i] == 0);
  for (int i = 0; i < 30; ++i) in[1].values[2 * i + 1] = 7;
  CHECK(run_op<float>(ctx, in, op()).outputs[0][0] == 1);
  in[0].values[3] = std::numeric_limits<double>::quiet_NaN();
  in[1] = inputs(30, 2)[1];
  begin_step(ctx);
  CHECK(std::isnan(run_op<float>(ctx, in, op()).outputs[0][0]));
  CHECK(ctx.step_state()->first_bad == stx::bad_key(1, 0, 1));
}

TEST_CASE("pearson_loss: same bits for every number of threads; nothing outside; wrong calls") {
  check_same_for_all_threads<float>(inputs(300, 133), op(), 2);
  check_same_for_all_threads<float>(masked_inputs(300, 133, 0.5), masked_op({.least_rows = 150}), 2);
  stx::Context<Cpu> ctx({.threads = 3});
  Guarded<float> p(convert<float>(random_values(35 * 3, 1))), t(convert<float>(random_values(35 * 3, 2))), loss(1),
      r(3), stats(stx::pearson_stats * 3), one(1, 1.0f), counted(1), grad(35 * 3);
  stx::pearson_loss_forward(ctx, stx::PearsonLossForward<float>{.prediction = p.data(),
                                                                .target = t.data(),
                                                                .loss = loss.data(),
                                                                .correlation = r.data(),
                                                                .stats = stats.data(),
                                                                .counted = counted.data(),
                                                                .rows = 35,
                                                                .cols = 3});
  stx::pearson_loss_backward(ctx, stx::PearsonLossBackward<float>{.grad_loss = one.data(),
                                                                  .prediction = p.data(),
                                                                  .target = t.data(),
                                                                  .stats = stats.data(),
                                                                  .counted = counted.data(),
                                                                  .grad_prediction = grad.data(),
                                                                  .rows = 35,
                                                                  .cols = 3});
  for (auto* b : {&p, &t, &loss, &r, &stats, &one, &counted, &grad}) CHECK(b->intact());
  CHECK(max_abs(grad.content()) > 0);
  auto in = inputs(3, 4);
  in[1] = random_input({4, 3}, 1);
  CHECK_THROWS_WITH_AS(run_op<float>(ctx, in, op()),
                       "[pearson_loss] prediction, target and mask must have one shape (rows, cols), got "
                       "(3, 4), (4, 3) and ()",
                       stx::ArgumentError);
  CHECK_THROWS_WITH_AS(run_op<float>(ctx, masked_inputs(3, 4, 1), masked_op({.least_rows = -1})),
                       "[pearson_loss] least_rows and eps must not be negative and least_variance a number, got "
                       "-1, 0 and -1",
                       stx::ArgumentError);
  CHECK_THROWS_WITH_AS(run_op<float>(ctx, masked_inputs(3, 4, 1), masked_op({.eps = INFINITY})),
                       "[pearson_loss] least_rows and eps must not be negative and least_variance a number, got "
                       "0, inf and -1",
                       stx::ArgumentError);
}
