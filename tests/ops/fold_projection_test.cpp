#include "stx/ops/fold_projection.hpp"

#include "support/golden_op.hpp"
#include "support/gradient_check.hpp"
#include "support/naive.hpp"

using namespace stx::test;
using stx::Cpu;
using stx::Shape;

namespace {

auto keys(std::int64_t n_heads) {
  return [n_heads](auto& ctx, const auto& v) { return std::vector{stx::fold_into_keys(ctx, v[0], v[1], n_heads)}; };
}
auto values(std::int64_t n_heads) {
  return [n_heads](auto& ctx, const auto& v) { return std::vector{stx::fold_into_values(ctx, v[0], v[1], n_heads)}; };
}

/// sum over the head's dimensions of x[i, h, d] * weight(h, d, j).
template <class Weight>
double naive_fold(const std::vector<double>& x, std::int64_t i, std::int64_t h, std::int64_t head_dim,
                  std::int64_t width, Weight weight) {
  double sum = 0;
  for (std::int64_t d = h * head_dim; d < (h + 1) * head_dim; ++d) sum += x[i * width + d] * weight(d);
  return sum;
}

}  // namespace

TEST_CASE("folded projections: values against plain loops, odd shapes") {
  stx::Context<Cpu> ctx({.threads = 2});
  std::vector<std::array<std::int64_t, 4>> sizes = {{5, 8, 2, 3}, {30, 64, 4, 33}, {3, 6, 6, 7}};
  for (std::int64_t odd : odd_sizes) {
    sizes.push_back({odd, 4, 2, 3});
    sizes.push_back({4, 6, 3, odd});
    if (odd > 0) sizes.push_back({3, 2 * odd, 2, 5});
  }
  for (const auto& s : sizes) {
    const std::int64_t n = s[0], width = s[1], n_heads = s[2], columns = s[3];
    CAPTURE(n);
    CAPTURE(width);
    const std::int64_t head_dim = width / n_heads;
    const Input x = random_input({n, width}, 1), in = random_input({width, columns}, 2),
                out = random_input({columns, width}, 3), bias = random_input({width}, 4);
    const auto k = run_op<double>(ctx, {x, in}, keys(n_heads)).outputs[0];
    const auto b = run_op<double>(ctx, {x, bias}, keys(n_heads)).outputs[0];
    const auto v = run_op<double>(ctx, {x, out}, values(n_heads)).outputs[0];
    std::vector<double> want_k(k.size()), want_b(b.size()), want_v(v.size());
    for (std::int64_t h = 0; h < n_heads; ++h)
      for (std::int64_t i = 0; i < n; ++i) {
        const std::int64_t row = h * n + i;
        want_b[row] = naive_fold(x.values, i, h, head_dim, width, [&](std::int64_t d) { return bias.values[d]; });
        for (std::int64_t j = 0; j < columns; ++j) {
          want_k[row * columns + j] =
              naive_fold(x.values, i, h, head_dim, width, [&](std::int64_t d) { return in.values[d * columns + j]; });
          want_v[j * n_heads * n + row] =
              naive_fold(x.values, i, h, head_dim, width, [&](std::int64_t d) { return out.values[j * width + d]; });
        }
      }
    const double tolerance = std::max(1e-13, 1e-15 * static_cast<double>(head_dim));
    CHECK(max_error(k, want_k) <= tolerance);
    CHECK(max_error(b, want_b) <= tolerance);
    CHECK(max_error(v, want_v) <= tolerance);
  }
}

TEST_CASE("folded projections: PyTorch's values and gradients") {
  const auto g = golden::load("ops/fold_projection.txt");
  check_golden_op(g, "keys_", {{"x"}, {"inward"}}, keys(3));
  check_golden_op(g, "values_", {{"x"}, {"outward"}}, values(3));
}

TEST_CASE("folded projections: gradients by central differences, used once and twice") {
  check_gradients({random_input({3, 4}, 1), random_input({4, 5}, 2)}, keys(2));
  check_gradients({random_input({3, 4}, 1), random_input({4}, 2)}, keys(2));
  check_gradients({random_input({3, 4}, 1), random_input({5, 4}, 2)}, values(2));
  check_gradients({random_input({0, 4}, 1), random_input({5, 4}, 2)}, values(2));
}

TEST_CASE("folded projections: scores of folded queries are those of projected keys" *
          doctest::test_suite("properties")) {
  // <q_h, (C W^T)_h> = <q_h W_h, C>: why the op may stand for the projection of all keys.
  stx::Context<Cpu> ctx({.threads = 2});
  const std::int64_t n = 7, width = 12, columns = 5, n_heads = 3, cells = 9, head_dim = width / n_heads;
  const Input q = random_input({n, width}, 1), weight = random_input({width, columns}, 2);
  const auto c = random_values(cells * columns, 3);
  const auto folded = run_op<double>(ctx, {q, weight}, keys(n_heads)).outputs[0];
  for (std::int64_t h = 0; h < n_heads; ++h)
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t e = 0; e < cells; ++e) {
        double short_way = 0, long_way = 0;
        for (std::int64_t j = 0; j < columns; ++j) short_way += folded[(h * n + i) * columns + j] * c[e * columns + j];
        for (std::int64_t d = h * head_dim; d < (h + 1) * head_dim; ++d) {
          double key = 0;
          for (std::int64_t j = 0; j < columns; ++j) key += weight.values[d * columns + j] * c[e * columns + j];
          long_way += q.values[i * width + d] * key;
        }
        REQUIRE(std::abs(short_way - long_way) < 1e-13);
      }
}

TEST_CASE("folded projections: the same bits for every number of threads") {
  check_same_for_all_threads<float>({random_input({31, 64}, 1), random_input({64, 300}, 2)}, keys(4), 2);
  check_same_for_all_threads<float>({random_input({31, 64}, 1), random_input({300, 64}, 2)}, values(4), 2);
}

TEST_CASE("folded projections: shapes that do not fit are errors") {
  stx::Context<Cpu> ctx;
  const auto call = [&](auto op, Shape x, Shape weight) {
    run_op<float>(ctx, {random_input(x, 1), random_input(weight, 2)}, op);
  };
  CHECK_THROWS_WITH_AS(call(keys(2), {3, 4}, {5, 2}),
                       "[fold_into_keys] x must be (n, 5) as the weight says, got (3, 4)", stx::ArgumentError);
  CHECK_THROWS_WITH_AS(call(keys(3), {3, 4}, {4, 2}),
                       "[fold_into_keys] n_heads = 3 must divide width = 4, both at least 1", stx::ArgumentError);
  CHECK_THROWS_WITH_AS(call(values(2), {3, 4}, {5, 2}),
                       "[fold_into_values] x must be (n, 2) as the weight says, got (3, 4)", stx::ArgumentError);
  CHECK_THROWS_WITH_AS(call(values(2), {3, 4}, {4}), "[fold_into_values] weight must be (columns, width), got (4)",
                       stx::ArgumentError);
}
