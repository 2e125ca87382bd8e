#include "stx/ops/shuffled_batch.hpp"

#include <set>

#include "stx/backend/cpu/transfer.hpp"
#include "stx/core/transfer.hpp"
#include "stx/ops/permutation.hpp"
#include "support/compare.hpp"
#include "support/golden.hpp"
#include "support/guarded.hpp"
#include "support/naive_sampling.hpp"
#include "support/random.hpp"

using namespace stx::test;
using stx::Cpu;
using stx::Shape;

namespace {

using Items = std::vector<std::int32_t>;

std::vector<Items> batches(std::int64_t n, std::int64_t count, int how_many, std::uint32_t first = 0,
                           bool reshuffle = true, int threads = 2) {
  stx::Context<Cpu> ctx({.threads = threads, .seed = 77});
  const auto batch = to_device(ctx, std::vector<std::uint32_t>{first}, Shape{1});
  std::vector<Items> all;
  for (int i = 0; i < how_many; ++i) {
    ctx.step_state()->step = static_cast<std::uint32_t>(100 + i);  // does not matter
    all.push_back(to_host(ctx, stx::shuffled_batch(ctx, n, count, 2, batch, reshuffle)));
  }
  CHECK(to_host(ctx, batch)[0] == first + static_cast<std::uint32_t>(how_many));
  return all;
}

std::set<std::int32_t> together(const std::vector<Items>& all, std::size_t first, std::size_t last) {
  std::set<std::int32_t> seen;
  for (std::size_t i = first; i < last; ++i) seen.insert(all[i].begin(), all[i].end());
  return seen;
}

}  // namespace

TEST_CASE("shuffled_batch: a pass has no item twice; what it leaves out changes from pass to pass" *
          doctest::test_suite("properties")) {
  const auto all = batches(103, 10, 30);  // three passes of ten, three items left out of each
  std::set<std::set<std::int32_t>> seen;
  for (std::size_t pass = 0; pass < 3; ++pass) {
    seen.insert(together(all, 10 * pass, 10 * pass + 10));
    CHECK(together(all, 10 * pass, 10 * pass + 10).size() == 100);
  }
  CHECK(seen.size() == 3);
  CHECK(all[0] != all[10]);
  CHECK(together(all, 0, 30).size() == 103);
}

TEST_CASE("shuffled_batch: batches are slices of permutation(); without reshuffle the first pass comes again") {
  stx::Context<Cpu> ctx({.seed = 77});
  const auto second = to_device(ctx, std::vector<std::uint32_t>{1}, Shape{1});
  const auto all = batches(103, 10, 13);
  CHECK(all[12] == to_host(ctx, stx::permutation(ctx, 103, 2, 20, 10, second)));
  const auto frozen = batches(103, 10, 23, 0, false);
  for (std::size_t i = 0; i < 13; ++i) CHECK(frozen[i] == frozen[i + 10]);
  for (std::size_t i = 0; i < 10; ++i) CHECK(frozen[i] == all[i]);
}

TEST_CASE("shuffled_batch: slices of the permutation of the pass, odd numbers of items") {
  for (std::int64_t n : odd_sizes) {
    if (n == 0) continue;
    INFO(n);
    const std::int64_t count = (n + 2) / 3, passes = n / count;
    const auto all = batches(n, count, static_cast<int>(5 * passes));
    for (std::int64_t i = 0; i < 5 * passes; ++i) {
      const auto order = naive::permutation(77, 2, static_cast<std::uint32_t>(i / passes), n);
      const auto begin = order.begin() + i % passes * count;
      REQUIRE(all[i] == Items(begin, begin + count));
    }
  }
}

TEST_CASE("shuffled_batch: the order of a second program, pass 3") {
  const auto want = golden::load("ops/sampling.txt").at("permutation_300").values;
  stx::Context<Cpu> ctx({.seed = 21});
  const auto batch = to_device(ctx, std::vector<std::uint32_t>{30}, Shape{1});
  for (int i = 0; i < 10; ++i) {
    const Items got = to_host(ctx, stx::shuffled_batch(ctx, 300, 30, 9, batch));
    CHECK(std::vector<double>(got.begin(), got.end()) ==
          std::vector<double>(want.begin() + 30 * i, want.begin() + 30 * (i + 1)));
  }
}

TEST_CASE("shuffled_batch: goes on from any number; a batch of everything") {
  const auto all = batches(103, 10, 25);
  CHECK(batches(103, 10, 5, 20) == std::vector<Items>(all.begin() + 20, all.end()));
  const auto whole = batches(7, 7, 3);
  for (const Items& b : whole) CHECK(std::set<std::int32_t>(b.begin(), b.end()).size() == 7);
  CHECK(together(batches(1, 1, 2), 0, 2).size() == 1);
}

TEST_CASE("shuffled_batch: the same for every number of threads; the backend stays inside its buffers") {
  const auto one = batches(20000, 9000, 4, 0, true, 1);
  for (int threads : {1, 2, 3, 5}) CHECK(batches(20000, 9000, 4, 0, true, threads) == one);
  stx::Context<Cpu> ctx({.threads = 3});
  Guarded<std::int32_t> items(33, -1);
  Guarded<std::uint32_t> batch(1, 2u);
  stx::permutation(ctx,
                   stx::Permutation<std::int32_t>{.items = items.data(), .count = 33, .n = 100, .batch = batch.data()});
  CHECK((items.intact() && batch.intact()));
  CHECK(batch.content()[0] == 3);
}

TEST_CASE("shuffled_batch: numbers out of range are errors") {
  stx::Context<Cpu> ctx;
  const auto batch = to_device(ctx, std::vector<std::uint32_t>{0}, Shape{1});
  CHECK_THROWS_WITH_AS(stx::shuffled_batch(ctx, 5, 6, 0, batch),
                       "[shuffled_batch] n must lie in [1, 2^31) and count in [1, n], got 5 and 6", stx::ArgumentError);
  CHECK_THROWS_WITH_AS(stx::shuffled_batch(ctx, 5, 5, 0, to_device(ctx, std::vector<std::uint32_t>(2), Shape{2})),
                       "[shuffled_batch] batch must be one value, got shape (2)", stx::ArgumentError);
}
