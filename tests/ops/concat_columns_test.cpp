#include "stx/ops/concat_columns.hpp"

#include "support/golden_op.hpp"
#include "support/gradient_check.hpp"
#include "support/guarded.hpp"

using namespace stx::test;
using stx::Cpu;

namespace {

const auto concat = [](auto& ctx, const auto& v) { return std::vector{stx::concat_columns(ctx, v[0], v[1])}; };
const auto twice = [](auto& ctx, const auto& v) { return std::vector{stx::concat_columns(ctx, v[0], v[0])}; };

/// The rows of a, each followed by that of b.
std::vector<double> naive_concat(const std::vector<double>& a, const std::vector<double>& b, std::int64_t rows,
                                 std::int64_t n, std::int64_t m) {
  std::vector<double> y;
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t j = 0; j < n + m; ++j) y.push_back(j < n ? a[i * n + j] : b[i * m + j - n]);
  return y;
}

}  // namespace

TEST_CASE("concat_columns: values and gradients are copies, odd shapes") {
  stx::Context<Cpu> ctx({.threads = 2});
  const auto check = [&](std::int64_t rows, std::int64_t n, std::int64_t m) {
    const Input a = random_input({rows, n}, 1), b = random_input({rows, m}, 2);
    const auto run = run_op<float>(ctx, {a, b}, concat);
    const auto weights = output_weights(0, rows * (n + m));
    std::vector<double> grad_a, grad_b;
    for (std::int64_t i = 0; i < rows; ++i)
      for (std::int64_t j = 0; j < n + m; ++j) (j < n ? grad_a : grad_b).push_back(weights[i * (n + m) + j]);
    INFO(rows, " x ", n, " + ", m);
    CHECK(max_error(run.outputs[0], naive_concat(a.values, b.values, rows, n, m)) == 0);
    CHECK(max_error(run.grads[0], grad_a) == 0);
    CHECK(max_error(run.grads[1], grad_b) == 0);
  };
  for (std::int64_t odd : odd_sizes) {
    check(odd, 3, 4);
    check(2, odd, 5);
    check(2, 8, odd);
  }
}

TEST_CASE("concat_columns: PyTorch's torch.cat and its gradients") {
  check_golden_op(golden::load("ops/concat_columns.txt"), "", {{"a"}, {"b"}}, concat);
}

TEST_CASE("concat_columns: gradients by central differences, also of one variable on both sides") {
  check_gradients({random_input({3, 4}, 1), random_input({3, 5}, 2)}, concat);
  check_gradients({random_input({3, 4}, 1)}, twice);
  auto constant_left = random_input({3, 4}, 1);
  constant_left.needs_grad = false;
  check_gradients({constant_left, random_input({3, 5}, 2)}, concat);
}

TEST_CASE("concat_columns: (a b) c is a (b c); nothing beside a is a" * doctest::test_suite("properties")) {
  stx::Context<Cpu> ctx;
  const std::vector<Input> in = {random_input({31, 3}, 1), random_input({31, 4}, 2), random_input({31, 5}, 3),
                                 random_input({31, 0}, 4)};
  const auto run = run_op<float>(ctx, in, [](auto& c, const auto& v) {
    return std::vector{stx::concat_columns(c, stx::concat_columns(c, v[0], v[1]), v[2]),
                       stx::concat_columns(c, v[0], stx::concat_columns(c, v[1], v[2])),
                       stx::concat_columns(c, v[0], v[3]), stx::concat_columns(c, v[3], v[0])};
  });
  CHECK(same_bits(run.outputs[0], run.outputs[1]));
  CHECK(same_bits(run.outputs[2], convert<float>(in[0].values)));
  CHECK(same_bits(run.outputs[3], convert<float>(in[0].values)));
}

TEST_CASE("concat_columns: threads do not matter; the backend stays inside its buffers") {
  check_same_for_all_threads<float>({random_input({333, 17}, 1), random_input({333, 8}, 2)}, concat, 2);
  stx::Context<Cpu> ctx;
  Guarded<float> a(7 * 3, 1.0f), b(7 * 4, 2.0f), y(7 * 7);
  stx::concat_columns(ctx, stx::CopyColumns<float>{a.data(), y.data(), 7, 3, 3, 7},
                      stx::CopyColumns<float>{b.data(), y.data() + 3, 7, 4, 4, 7});
  CHECK((a.intact() && b.intact() && y.intact()));
}

TEST_CASE("concat_columns: wrong calls are errors") {
  stx::Context<Cpu> ctx;
  CHECK_THROWS_WITH_AS(run_op<float>(ctx, {random_input({2, 3}, 1), random_input({3, 3}, 1)}, concat),
                       "[concat_columns] a and b must be matrices with equal rows, got (2, 3) and (3, 3)",
                       stx::ArgumentError);
}
