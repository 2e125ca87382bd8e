#include "stx/ops/gather_mean.hpp"

#include "stx/backend/cpu/transfer.hpp"
#include "stx/core/transfer.hpp"
#include "support/compare.hpp"
#include "support/golden.hpp"
#include "support/guarded.hpp"
#include "support/random.hpp"

using namespace stx::test;
using stx::Cpu;
using stx::Shape;

namespace {

template <class T>
std::vector<T> mean(const std::vector<double>& table, std::int64_t width, const std::vector<std::int32_t>& ids,
                    int threads = 2) {
  stx::Context<Cpu> ctx({.threads = threads});
  const auto count = static_cast<std::int64_t>(ids.size());
  const std::int64_t n = width > 0 ? static_cast<std::int64_t>(table.size()) / width : 4;
  return to_host(ctx, stx::gather_mean(ctx, to_device(ctx, convert<T>(table), Shape{n, width}),
                                       to_device(ctx, ids, Shape{count})));
}

std::vector<std::int32_t> some_rows(std::int64_t count, std::int64_t n) {
  std::vector<std::int32_t> ids;
  for (std::int64_t i = 0; i < count; ++i) ids.push_back(static_cast<std::int32_t>(i * 7919 % n));
  return ids;
}

/// The mean of the rows by one running sum a column.
template <class T>
std::vector<T> naive_mean(const std::vector<T>& table, std::int64_t width, const std::vector<std::int32_t>& ids) {
  std::vector<T> sums(width, T(0));
  for (std::int32_t id : ids)
    for (std::int64_t j = 0; j < width; ++j) sums[j] += table[id * width + j];
  for (T& sum : sums) sum = ids.empty() ? T(0) : sum / static_cast<T>(ids.size());
  return sums;
}

}  // namespace

TEST_CASE("gather_mean: the mean of the rows, which may come again") {
  for (std::int64_t count : odd_sizes)
    for (std::int64_t width : {1, 5, 33}) {
      const auto table = random_values(50 * width, 1);
      const auto ids = some_rows(count, 50);
      const auto want = naive_mean<double>(table, width, ids);
      INFO(count, " rows of ", width);
      CHECK(max_error(mean<double>(table, width, ids), want) <= 1e-12);
      check_close("mean", mean<float>(table, width, ids), want, naive_mean(convert<float>(table), width, ids));
    }
  CHECK(mean<float>({}, 0, {0, 1}).empty());
}

TEST_CASE("gather_mean: the mean of copies is the row; the order of the rows does not matter" *
          doctest::test_suite("properties")) {
  // Whole numbers: their sums are exact in any order.
  CHECK(mean<float>({1, 2, 3, 40, 50, 60}, 3, {1, 1, 1, 1}) == std::vector<float>{40, 50, 60});
  auto table = random_values(50 * 7, 1, -100, 100);
  for (double& v : table) v = std::round(v);
  auto ids = some_rows(1000, 50);
  const auto forwards = mean<float>(table, 7, ids);
  std::reverse(ids.begin(), ids.end());
  CHECK(same_bits(mean<float>(table, 7, ids), forwards));
}

TEST_CASE("gather_mean: PyTorch's mean") {
  const auto g = golden::load("ops/gather_mean.txt");
  const auto& table = g.at("table");
  const std::vector<std::int32_t> ids(g.at("ids").values.begin(), g.at("ids").values.end());
  CHECK(max_error(mean<double>(table.values, table.cols, ids), g.at("mean").values) <= 1e-15);
}

TEST_CASE("gather_mean: a row that does not exist is NaN, whatever comes with it; threads do not matter") {
  const auto table = random_values(50 * 7, 1);
  for (std::int32_t bad : {-1, 50}) {
    auto ids = some_rows(100, 50);
    ids[40] = bad;
    for (float v : mean<float>(table, 7, ids)) CHECK(std::isnan(v));
  }
  const auto one = mean<float>(table, 7, some_rows(1000, 50), 1);
  for (int threads : {1, 2, 3, 5}) CHECK(same_bits(mean<float>(table, 7, some_rows(1000, 50), threads), one));
}

TEST_CASE("gather_mean: nothing is written outside; wrong shapes are errors") {
  stx::Context<Cpu> ctx({.threads = 3});
  Guarded<float> table(40, 2.0f), out(5), sums(10);
  Guarded<std::int32_t> ids(some_rows(33, 8));
  stx::gather_mean(ctx, stx::GatherMean<float>{table.data(), ids.data(), out.data(), sums.data(), 8, 5, 33});
  CHECK((table.intact() && ids.intact() && out.intact() && sums.intact()));
  CHECK(out.content() == std::vector<float>(5, 2.0f));
  CHECK_THROWS_WITH_AS(stx::gather_mean(ctx, ctx.make_step<float>({3}), ctx.make_step<std::int32_t>({3})),
                       "[gather_mean] table must be a matrix and ids a vector, got (3) and (3)", stx::ArgumentError);
}
