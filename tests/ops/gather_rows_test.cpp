#include "stx/ops/gather_rows.hpp"

#include "stx/autograd/backward.hpp"
#include "stx/backend/cpu/transfer.hpp"
#include "stx/core/transfer.hpp"
#include "support/compare.hpp"
#include "support/guarded.hpp"
#include "support/random.hpp"

using namespace stx::test;
using stx::Cpu;
using stx::Shape;

namespace {

std::vector<std::int32_t> some_ids(std::int64_t rows) {
  std::vector<std::int32_t> ids;
  for (std::int64_t i = 0; i < rows; ++i) ids.push_back(static_cast<std::int32_t>(i * 7 % 11));
  return ids;
}

std::vector<float> run(std::int64_t width, const std::vector<std::int32_t>& ids, int threads = 2) {
  stx::Context<Cpu> ctx({.threads = threads});
  const auto table = to_device(ctx, convert<float>(random_values(11 * width, 1)), Shape{11, width});
  const auto rows = to_device(ctx, ids, Shape{static_cast<std::int64_t>(ids.size())});
  return to_host(ctx, stx::gather_rows(ctx, table, rows).value());
}

}  // namespace

TEST_CASE("gather_rows: every row is that of the table, odd shapes") {
  const auto check = [](std::int64_t rows, std::int64_t width) {
    const auto ids = some_ids(rows);
    const auto table = convert<float>(random_values(11 * width, 1));
    std::vector<float> want;
    for (std::int32_t id : ids)
      want.insert(want.end(), table.begin() + id * width, table.begin() + (id + 1) * width);
    INFO(rows, " x ", width);
    for (int threads : {1, 2, 3, 5}) CHECK(same_bits(run(width, ids, threads), want));
  };
  for (std::int64_t odd : odd_sizes) {
    check(odd, 5);
    check(3, odd);
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

TEST_CASE("gather_rows: the backend stays inside its buffers") {
  stx::Context<Cpu> ctx({.threads = 2});
  Guarded<float> table(4 * 31, 1.0f), out(9 * 31);
  Guarded<std::int32_t> ids(9, 3);
  stx::gather_rows(ctx, stx::GatherRows<float>{table.data(), ids.data(), out.data(), 9, 31, 4});
  CHECK((table.intact() && out.intact() && ids.intact()));
}

TEST_CASE("gather_rows: wrong calls are errors") {
  stx::Context<Cpu> ctx;
  CHECK_THROWS_WITH_AS(stx::gather_rows(ctx, ctx.make_persistent<float>({6}),
                                        ctx.make_persistent<std::int32_t>({2})),
                       "[gather_rows] table must be a matrix and ids a vector, got (6) and (2)",
                       stx::ArgumentError);
}
