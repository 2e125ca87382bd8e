#include "stx/ops/draw_rows.hpp"

#include "stx/autograd/backward.hpp"
#include "stx/backend/cpu/transfer.hpp"
#include "stx/backend/elementwise.hpp"
#include "stx/core/transfer.hpp"
#include "support/compare.hpp"
#include "support/golden.hpp"
#include "support/guarded.hpp"
#include "support/naive.hpp"
#include "support/random.hpp"

using namespace stx::test;
using stx::Cpu;

namespace {

std::vector<std::int32_t> run(std::int64_t count, std::int64_t n, std::uint32_t step = 1, std::uint32_t site = 4) {
  stx::Context<Cpu> ctx({.threads = 2, .seed = 33});
  ctx.step_state()->step = step;
  return to_host(ctx, stx::draw_rows(ctx, count, n, site));
}

}  // namespace

TEST_CASE("draw_rows: the draw is that of the documented counter") {
  for (std::int64_t count : odd_sizes) {
    std::vector<std::int32_t> want;
    for (std::int64_t i = 0; i < count; ++i) {
      const auto words = naive::philox({0, static_cast<std::uint32_t>(i), 1, 4 * 256 + 6}, {33, 0});
      want.push_back(static_cast<std::int32_t>(words[0] * 1000.0 / 4294967296.0));
    }
    CHECK(run(count, 1000) == want);
  }
}

TEST_CASE("draw_rows: the numbers of a second program") {
  const auto want = golden::load("ops/sampling.txt").at("rows").values;
  stx::Context<Cpu> ctx({.seed = 21});
  ctx.step_state()->step = 3;
  CHECK(to_host(ctx, stx::draw_rows(ctx, 60, 40, 9)) == std::vector<std::int32_t>(want.begin(), want.end()));
}

TEST_CASE("draw_rows: every row as often as any other" * doctest::test_suite("properties")) {
  const int n = 10, count = 50000;
  std::vector<int> hits(n);
  for (std::int32_t row : run(count, n)) {
    REQUIRE(row >= 0);
    REQUIRE(row < n);
    ++hits[row];
  }
  double chi_square = 0;
  for (int h : hits) chi_square += (h - count / 10.0) * (h - count / 10.0) / (count / 10.0);
  CHECK(chi_square < 33.7);  // 0.9999 quantile, 9 degrees of freedom
}

TEST_CASE("draw_rows: another step or site draws other rows; the largest n stays in range") {
  const auto first = run(100, 1000);
  CHECK(same_bits(first, run(100, 1000)));
  CHECK(first != run(100, 1000, 2));
  CHECK(first != run(100, 1000, 1, 5));
  for (std::int32_t row : run(1000, (std::int64_t{1} << 31) - 1)) CHECK(row >= 0);
  CHECK(run(3, 1) == std::vector<std::int32_t>(3, 0));
}

TEST_CASE("draw_rows: the backend stays inside its buffer") {
  stx::Context<Cpu> ctx;
  Guarded<std::int32_t> rows(33);
  stx::draw_rows(ctx, stx::DrawRows<std::int32_t>{rows.data(), 33, 7, 0});
  CHECK(rows.intact());
}

TEST_CASE("draw_rows: sizes out of range are errors") {
  CHECK_THROWS_WITH_AS(run(5, 0), "[draw_rows] count must not be negative and n in [1, 2^31), got 5 and 0",
                       stx::ArgumentError);
  CHECK_THROWS_AS(run(-1, 5), stx::ArgumentError);
  CHECK_THROWS_AS(run(5, std::int64_t{1} << 31), stx::ArgumentError);
}
