#include "stx/ops/reshape.hpp"

#include "support/gradient_check.hpp"

using namespace stx::test;
using stx::Cpu;
using stx::Shape;

namespace {

auto reshaped(Shape shape) {
  return [shape](auto& ctx, const auto& v) { return std::vector{stx::reshape(ctx, v[0], shape)}; };
}

}  // namespace

TEST_CASE("reshape: the same memory under another shape" * doctest::test_suite("properties")) {
  stx::Context<Cpu> ctx;
  const auto x = stx::constant(ctx, to_device(ctx, std::vector<float>{1, 2, 3, 4, 5, 6}, Shape{2, 3}));
  const auto y = stx::reshape(ctx, x, Shape{3, 2});
  CHECK(y.value().data == x.value().data);
  CHECK(y.shape() == Shape{3, 2});
  CHECK_FALSE(y.needs_grad());
  CHECK(stx::reshape(ctx, y, Shape{6}).value().data == x.value().data);
}

TEST_CASE("reshape: odd shapes keep every value and every gradient in its place") {
  stx::Context<Cpu> ctx;
  for (std::int64_t odd : odd_sizes)
    for (const Shape& to : {Shape{odd * 6}, Shape{6, odd}, Shape{2, odd, 3}}) {
      INFO(odd, " x 6 as ", to);
      const Input x = random_input({odd, 6}, 1);
      const auto run = run_op<float>(ctx, {x}, reshaped(to));
      CHECK(same_bits(run.outputs[0], convert<float>(x.values)));
      CHECK(same_bits(run.grads[0], convert<float>(output_weights(0, odd * 6))));
    }
}

TEST_CASE("reshape: gradients by central differences, used once and twice") {
  check_gradients({random_input({4, 6}, 1)}, reshaped({3, 8}));
  check_gradients({random_input({5}, 1)}, reshaped({5, 1}));
  check_gradients({random_input({0, 4}, 1)}, reshaped({0}));
}

TEST_CASE("reshape: the gradient adds to that of other uses of x, to the bit") {
  const std::vector<Input> in = {random_input({3, 4}, 1)};
  stx::Context<Cpu> ctx;
  const auto run = run_op<double>(ctx, in, [](auto& c, const auto& v) {
    return std::vector{stx::reshape(c, v[0], Shape{12}), stx::reshape(c, v[0], Shape{4, 3})};
  });
  const auto a = output_weights(0, 12), b = output_weights(1, 12);
  for (std::size_t i = 0; i < 12; ++i) CHECK(run.grads[0][i] == a[i] + b[i]);
  CHECK(same_bits(run.outputs[0], run.outputs[1]));
}

TEST_CASE("reshape: wrong calls are errors") {
  stx::Context<Cpu> ctx;
  CHECK_THROWS_WITH_AS(run_op<float>(ctx, {random_input({3, 4}, 1)}, reshaped({3, 5})),
                       "[reshape] shape (3, 5) does not hold the 12 values of shape (3, 4)", stx::ArgumentError);
}
