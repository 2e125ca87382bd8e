#include "stx/ops/gather_rows.hpp"

#include "support/golden_op.hpp"
#include "support/gradient_check.hpp"
#include "support/guarded.hpp"

using namespace stx::test;
using stx::Cpu;
using stx::Shape;

namespace {

std::vector<std::int32_t> some_ids(std::int64_t rows) {
  std::vector<std::int32_t> ids;
  for (std::int64_t i = 0; i < rows; ++i) ids.push_back(static_cast<std::int32_t>(i * 7 % 11));
  return ids;
}

/// The rows `ids` of the first variable.
auto looked_up(std::vector<std::int32_t> ids) {
  return [ids](auto& ctx, const auto& v) {
    const auto numbers = to_device(ctx, ids, Shape{static_cast<std::int64_t>(ids.size())});
    return std::vector{stx::gather_rows(ctx, v[0], numbers)};
  };
}

std::vector<float> run(std::int64_t width, const std::vector<std::int32_t>& ids, int threads = 2) {
  stx::Context<Cpu> ctx({.threads = threads});
  const auto table = to_device(ctx, convert<float>(random_values(11 * width, 1)), Shape{11, width});
  const auto rows = to_device(ctx, ids, Shape{static_cast<std::int64_t>(ids.size())});
  return to_host(ctx, stx::gather_rows(ctx, table, rows).value());
}

std::vector<float> naive_rows(const std::vector<float>& table, std::int64_t width,
                              const std::vector<std::int32_t>& ids) {
  std::vector<float> rows;
  for (std::int32_t id : ids) rows.insert(rows.end(), table.begin() + id * width, table.begin() + (id + 1) * width);
  return rows;
}

}  // namespace

TEST_CASE("gather_rows: every row is that of the table, odd shapes") {
  const auto check = [](std::int64_t rows, std::int64_t width) {
    const auto ids = some_ids(rows);
    const auto want = naive_rows(convert<float>(random_values(11 * width, 1)), width, ids);
    INFO(rows, " x ", width);
    for (int threads : {1, 2, 3, 5}) CHECK(same_bits(run(width, ids, threads), want));
  };
  for (std::int64_t odd : odd_sizes) {
    check(odd, 5);
    check(3, odd);
  }
}

TEST_CASE("gather_rows: PyTorch's embedding and its gradient") {
  const auto g = golden::load("ops/gather_rows.txt");
  std::vector<std::int32_t> ids;
  for (double id : g.at("ids").values) ids.push_back(static_cast<std::int32_t>(id));
  check_golden_op(g, "", {{"table"}}, looked_up(ids));
}

TEST_CASE("gather_rows: gradients by central differences, used once and twice") {
  check_gradients({random_input({5, 3}, 1)}, looked_up({4, 0, 4, 4, 2}));
  check_gradients({random_input({5, 3}, 1)}, looked_up({}));
  check_gradients({random_input({5, 0}, 1)}, looked_up({1, 2}));
}

TEST_CASE("gather_rows: the gradient adds the rows of each number, odd shapes and threads") {
  const auto check = [](std::int64_t rows, std::int64_t width, std::int64_t n) {
    INFO(rows, " x ", width, " of ", n);
    std::vector<std::int32_t> ids;
    for (std::int64_t i = 0; i < rows; ++i)
      ids.push_back(static_cast<std::int32_t>(i * 7 % (n + 1)));  // n does not exist
    const auto weights = convert<float>(output_weights(0, rows * width));
    std::vector<float> want(n * width, 0.0f);
    for (std::int64_t i = 0; i < rows; ++i)
      for (std::int64_t j = 0; ids[i] < n && j < width; ++j) want[ids[i] * width + j] += weights[i * width + j];
    for (int threads : {1, 2, 3, 5}) {
      stx::Context<Cpu> ctx({.threads = threads});
      const auto got = run_op<float>(ctx, {random_input({n, width}, 1)}, looked_up(ids));
      CHECK(same_bits(got.grads[0], want));  // the same order
    }
  };
  for (std::int64_t odd : odd_sizes) {
    check(odd, 5, 11);
    check(9, odd, 4);
    check(50, 3, odd + 1);
  }
}

TEST_CASE("gather_rows: a row that does not exist is NaN, and only that") {
  const auto got = run(3, {10, 11, -1, 0});
  for (int j = 0; j < 3; ++j) {
    CHECK(std::isfinite(got[j]));
    CHECK(std::isnan(got[3 + j]));
    CHECK(std::isnan(got[6 + j]));
    CHECK(std::isfinite(got[9 + j]));
  }
}

TEST_CASE("gather_rows: all rows in turn are the table, backwards and back again too" *
          doctest::test_suite("properties")) {
  const std::vector<Input> in = {random_input({5, 3}, 1)};
  stx::Context<Cpu> ctx;
  const auto back = [](auto& c, const auto& v) {
    return looked_up({4, 3, 2, 1, 0})(c, looked_up({4, 3, 2, 1, 0})(c, v));
  };
  for (const auto& run : {run_op<float>(ctx, in, looked_up({0, 1, 2, 3, 4})), run_op<float>(ctx, in, back)}) {
    CHECK(same_bits(run.outputs[0], convert<float>(in[0].values)));
    CHECK(same_bits(run.grads[0], convert<float>(output_weights(0, 15))));
  }
}

TEST_CASE("gather_rows: the backend stays inside its buffers") {
  stx::Context<Cpu> ctx({.threads = 2});
  Guarded<float> table(4 * 31, 1.0f), out(9 * 31);
  Guarded<std::int32_t> ids(9, 3);
  stx::gather_rows(ctx, stx::GatherRows<float>{table.data(), ids.data(), out.data(), 9, 31, 4});
  CHECK((table.intact() && out.intact() && ids.intact()));
  for (const stx::GradWrite write : {stx::GradWrite::overwrite, stx::GradWrite::accumulate}) {
    Guarded<float> grad_table(4 * 31, 2.0f);
    stx::gather_rows_backward(
        ctx, stx::GatherRowsBackward<float>{table.data(), ids.data(), grad_table.data(), write, 4, 31, 4});
    CHECK((table.intact() && grad_table.intact() && ids.intact()));
    const float before = write == stx::GradWrite::accumulate ? 2.0f : 0.0f;
    CHECK(grad_table.content()[0] == before);
    CHECK(grad_table.content()[3 * 31] == before + 4);
  }
}

TEST_CASE("gather_rows: wrong calls are errors") {
  stx::Context<Cpu> ctx;
  CHECK_THROWS_WITH_AS(stx::gather_rows(ctx, ctx.make_persistent<float>({6}), ctx.make_persistent<std::int32_t>({2})),
                       "[gather_rows] table must be a matrix and ids a vector, got (6) and (2)", stx::ArgumentError);
}
