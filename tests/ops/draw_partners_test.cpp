#include "stx/ops/draw_partners.hpp"

#include "stx/backend/cpu/transfer.hpp"
#include "stx/core/transfer.hpp"
#include "support/compare.hpp"
#include "support/golden.hpp"
#include "support/guarded.hpp"
#include "support/naive_sampling.hpp"
#include "support/random.hpp"

using namespace stx::test;
using stx::Cpu;
using stx::Shape;

namespace {

constexpr std::int64_t n = 40;

/// List r holds 1000 r, 1000 r + 1, ...
std::vector<std::int32_t> draw(const std::vector<std::int32_t>& rows, std::int64_t k, std::uint32_t step = 1,
                               std::uint32_t site = 4, int threads = 2) {
  stx::Context<Cpu> ctx({.threads = threads, .seed = 33});
  ctx.step_state()->step = step;
  std::vector<std::int32_t> lists;
  for (std::int64_t i = 0; i < n * k; ++i) lists.push_back(static_cast<std::int32_t>(i / k * 1000 + i % k));
  return to_host(ctx, stx::draw_partners(ctx, to_device(ctx, lists, Shape{n, k}),
                                         to_device(ctx, rows, Shape{static_cast<std::int64_t>(rows.size())}), site));
}

std::vector<std::int32_t> some_rows(std::int64_t count) {
  std::vector<std::int32_t> rows;
  for (std::int64_t i = 0; i < count; ++i) rows.push_back(static_cast<std::int32_t>(i * 17 % n));
  return rows;
}

}  // namespace

TEST_CASE("draw_partners: the draw is that of the documented counter") {
  for (std::int64_t count : odd_sizes) {
    const auto rows = some_rows(count);
    std::vector<std::int32_t> want;
    for (std::int64_t i = 0; i < count; ++i) {
      const auto words = naive::philox({0, static_cast<std::uint32_t>(i), 1, 4 * 256 + 11}, {33, 0});
      want.push_back(rows[i] * 1000 + static_cast<std::int32_t>(words[0] * 50.0 / 4294967296.0));
    }
    CHECK(draw(rows, 50) == want);
  }
}

TEST_CASE("draw_partners: the partners of a second program") {
  const auto g = golden::load("ops/sampling.txt");
  const auto ids = [&](const char* name) {
    return std::vector<std::int32_t>(g.at(name).values.begin(), g.at(name).values.end());
  };
  stx::Context<Cpu> ctx({.seed = 21});
  ctx.step_state()->step = 3;
  CHECK(to_host(ctx, stx::draw_partners(ctx, to_device(ctx, ids("lists"), Shape{40, 7}),
                                        to_device(ctx, ids("rows"), Shape{60}), 9)) == ids("partners"));
}

TEST_CASE("draw_partners: every member of the row's own list as often as any other" *
          doctest::test_suite("properties")) {
  std::vector<double> hits(20);
  for (std::int32_t partner : draw(std::vector<std::int32_t>(50000, 7), 20)) {
    REQUIRE(partner / 1000 == 7);
    hits[partner % 1000] += 1;
  }
  CHECK(naive::chi_square(hits, std::vector<double>(20, 0.05)) < naive::chi_square_limit(19));
  CHECK(draw({3, 39}, 1) == std::vector<std::int32_t>{3000, 39000});
}

TEST_CASE("draw_partners: another step or site draws others; threads do not matter; no such row, no partner") {
  const auto rows = some_rows(3000);
  const auto one = draw(rows, 50, 1, 4, 1);
  for (int threads : {1, 2, 3, 5}) CHECK(draw(rows, 50, 1, 4, threads) == one);
  CHECK(draw(rows, 50, 2) != one);
  CHECK(draw(rows, 50, 1, 5) != one);
  const auto bad = draw({-1, 5, 40}, 50);
  CHECK(bad[0] == -1);
  CHECK(bad[1] / 1000 == 5);
  CHECK(bad[2] == -1);
}

TEST_CASE("draw_partners: nothing is written outside; wrong shapes are errors") {
  stx::Context<Cpu> ctx;
  Guarded<std::int32_t> lists(12, 5), rows(33, 3), partners(33);
  stx::draw_partners(ctx, stx::DrawPartners<std::int32_t>{lists.data(), rows.data(), partners.data(), 4, 3, 33, 0});
  CHECK((lists.intact() && rows.intact() && partners.intact()));
  CHECK(partners.content() == std::vector<std::int32_t>(33, 5));
  CHECK_THROWS_WITH_AS(stx::draw_partners(ctx, ctx.make_step<std::int32_t>({3}), ctx.make_step<std::int32_t>({3}), 0),
                       "[draw_partners] lists must be a matrix and rows a vector, got (3) and (3)", stx::ArgumentError);
}
