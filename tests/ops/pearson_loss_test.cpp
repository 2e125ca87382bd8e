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
    return std::vector{stx::pearson_loss(ctx, v[0], v[1].value(), weight, 1)};
  };
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

TEST_CASE("pearson_loss: gradient by central differences, used once and twice") {
  check_gradients(inputs(6, 4), op(3));
  check_gradients(inputs(0, 4), op());
  check_gradients(inputs(4, 0), op());
}

TEST_CASE("pearson_loss: golden values of numpy and PyTorch") {
  const auto golden = golden::load("ops/pearson_loss.txt");
  const auto& p = golden.at("prediction");
  const Shape shape{p.rows, p.cols};
  stx::Context<Cpu> ctx;
  const auto got =
      run_op<double>(ctx, {{shape, p.values}, {shape, golden.at("target").values, false}}, op());
  CHECK(std::abs(got.outputs[0][0] - golden.at("loss").values[0]) <= 1e-14);
  auto want = golden.at("grad").values;
  for (double& g : want) g *= output_weights(0, 1)[0];
  CHECK(max_error(got.grads[0], want) <= 1e-14);
}

TEST_CASE("pearson_loss: scale and shift do not matter") {
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
  stx::Context<Cpu> ctx({.threads = 3});
  Guarded<float> p(convert<float>(random_values(35 * 3, 1))),
      t(convert<float>(random_values(35 * 3, 2))), loss(1), r(3), stats(12), one(1, 1.0f),
      grad(35 * 3);
  stx::pearson_loss_forward(ctx, stx::PearsonLossForward<float>{p.data(), t.data(), loss.data(),
                                                                r.data(), stats.data(), 35, 3});
  stx::pearson_loss_backward(ctx, stx::PearsonLossBackward<float>{.grad_loss = one.data(),
                                                                  .prediction = p.data(),
                                                                  .target = t.data(),
                                                                  .stats = stats.data(),
                                                                  .grad_prediction = grad.data(),
                                                                  .rows = 35,
                                                                  .cols = 3});
  for (auto* b : {&p, &t, &loss, &r, &stats, &one, &grad}) CHECK(b->intact());
  CHECK(max_abs(grad.content()) > 0);
  auto in = inputs(3, 4);
  in[1] = random_input({4, 3}, 1);
  CHECK_THROWS_WITH_AS(run_op<float>(ctx, in, op()),
                       "[pearson_loss] prediction and target must have one shape (rows, cols), got "
                       "(3, 4) and (4, 3)",
                       stx::ArgumentError);
}
