#include "stx/ops/cross_entropy.hpp"

#include "support/golden.hpp"
#include "support/gradient_check.hpp"
#include "support/guarded.hpp"
#include "support/naive_losses.hpp"

using namespace stx::test;
using stx::Cpu;
using stx::Shape;

namespace {

std::vector<std::int32_t> labels(std::int64_t rows, std::int64_t classes) {
  std::vector<std::int32_t> l;
  for (std::int64_t i = 0; i < rows; ++i)
    l.push_back(i % 5 == 3 || classes == 0 ? -1 : static_cast<std::int32_t>(i * 7 % classes));
  return l;
}

auto op(const std::vector<std::int32_t>& l, double weight = 1, std::int32_t ignored = -1) {
  return [=]<class D>(stx::Context<D>& ctx, const auto& v) {
    const auto on_device = to_device(ctx, l, Shape{static_cast<std::int64_t>(l.size())});
    return std::vector{stx::cross_entropy(ctx, v[0], on_device, ignored, weight, 2)};
  };
}

template <class T>
void check_values(std::int64_t rows, std::int64_t classes) {
  INFO(rows, " x ", classes);
  stx::Context<Cpu> ctx({.threads = 2});
  const auto in = random_input({rows, classes}, 1, -4, 4);
  const auto l = labels(rows, classes);
  const auto got = run_op<T>(ctx, {in}, op(l));
  const auto reference = [&]<class U>(U) {
    auto r = naive::cross_entropy(convert<U>(in.values), l, classes, -1);
    for (U& g : r.second) g *= static_cast<U>(output_weights(0, 1)[0]);
    return r;
  };
  const auto want = reference(0.0);
  const auto rough = reference(T(0));
  check_close("loss", got.outputs[0], {want.first}, {rough.first}, 8, 1);
  check_close("grad", got.grads[0], want.second, rough.second, 8);
}

}  // namespace

TEST_CASE("cross_entropy: loss and gradient against plain loops, odd shapes") {
  for (std::int64_t odd : odd_sizes) {
    check_values<float>(odd, 5);
    check_values<float>(7, odd);
  }
  check_values<double>(40, 33);
}

TEST_CASE("cross_entropy: gradient by central differences, used once and twice") {
  check_gradients({random_input({6, 4}, 1)}, op(labels(6, 4), 2));
  check_gradients({random_input({0, 4}, 1)}, op({}));
}

TEST_CASE("cross_entropy: golden values of PyTorch") {
  const auto golden = golden::load("ops/cross_entropy.txt");
  const auto& logits = golden.at("logits");
  std::vector<std::int32_t> l;
  for (double v : golden.at("labels").values) l.push_back(static_cast<std::int32_t>(v));
  stx::Context<Cpu> ctx;
  const auto got = run_op<double>(ctx, {{Shape{logits.rows, logits.cols}, logits.values}}, op(l, 1, -100));
  CHECK(std::abs(got.outputs[0][0] - golden.at("loss").values[0]) <= 1e-14);
  auto want = golden.at("grad").values;
  for (double& g : want) g *= output_weights(0, 1)[0];
  CHECK(max_error(got.grads[0], want) <= 1e-15);
}

TEST_CASE("cross_entropy: equal logits give ln classes; huge ones do not overflow; all ignored gives 0" *
          doctest::test_suite("properties")) {
  stx::Context<Cpu> ctx;
  const auto loss = [&](const std::vector<double>& a, const std::vector<std::int32_t>& l) {
    const auto rows = static_cast<std::int64_t>(l.size());
    return run_op<float>(ctx, {{Shape{rows, static_cast<std::int64_t>(a.size()) / rows}, a}}, op(l)).outputs[0][0];
  };
  CHECK(loss({7, 7, 7, 7}, {2}) == doctest::Approx(std::log(4)));
  CHECK(loss({1000, 0}, {0}) == 0);
  CHECK(loss({1000, 0}, {1}) == 1000);
  CHECK(loss({1, 2, 3, 4}, {-1, -1}) == 0);
  CHECK(ctx.step_state()->first_bad == ~0ull);
}

TEST_CASE("cross_entropy: a label out of range and a bad row are recorded") {
  stx::Context<Cpu> ctx;
  begin_step(ctx);
  auto l = labels(50, 4);
  l[31] = 4;
  CHECK(std::isnan(run_op<float>(ctx, {random_input({50, 4}, 1)}, op(l)).outputs[0][0]));
  CHECK(ctx.step_state()->first_bad == stx::bad_key(1, 31, 2));
}

TEST_CASE("cross_entropy: same bits for every number of threads; nothing outside; wrong calls") {
  check_same_for_all_threads<float>({random_input({300, 33}, 1)}, op(labels(300, 33)), 2);
  stx::Context<Cpu> ctx({.threads = 3});
  Guarded<float> a(convert<float>(random_values(35 * 3, 1))), loss(1), lse(35), divisor(1), terms(35), one(1, 1.0f),
      grad(35 * 3);
  Guarded<std::int32_t> l(labels(35, 3));
  stx::cross_entropy_forward(ctx, stx::CrossEntropyForward<float>{a.data(), l.data(), loss.data(), lse.data(),
                                                                  divisor.data(), terms.data(), 35, 3});
  stx::cross_entropy_backward(ctx, stx::CrossEntropyBackward<float>{.grad_loss = one.data(),
                                                                    .logits = a.data(),
                                                                    .labels = l.data(),
                                                                    .lse = lse.data(),
                                                                    .divisor = divisor.data(),
                                                                    .grad_logits = grad.data(),
                                                                    .rows = 35,
                                                                    .classes = 3});
  for (auto* b : {&a, &loss, &lse, &divisor, &terms, &one, &grad}) CHECK(b->intact());
  CHECK(divisor.content()[0] == 28);
  CHECK_THROWS_WITH_AS(run_op<float>(ctx, {random_input({3, 4}, 1)}, op(labels(2, 4))),
                       "[cross_entropy] logits must be (rows, classes) and labels (rows), got (3, 4) and (2)",
                       stx::ArgumentError);
}
