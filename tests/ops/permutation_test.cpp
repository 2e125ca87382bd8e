#include "stx/ops/permutation.hpp"

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

std::vector<std::int32_t> order(std::int64_t n, std::uint32_t step = 1, std::uint32_t site = 2, std::int64_t first = 0,
                                std::int64_t count = -1, int threads = 2) {
  stx::Context<Cpu> ctx({.threads = threads, .seed = 77});
  ctx.step_state()->step = step;
  return to_host(ctx, stx::permutation(ctx, n, site, first, count < 0 ? n : count));
}

bool holds_each_once(std::vector<std::int32_t> items) {
  std::sort(items.begin(), items.end());
  for (std::size_t i = 0; i < items.size(); ++i)
    if (items[i] != static_cast<std::int32_t>(i)) return false;
  return true;
}

}  // namespace

TEST_CASE("permutation: every item once, for every size up to 300 and some large ones" *
          doctest::test_suite("properties")) {
  for (std::int64_t n = 1; n <= 300; ++n) {
    INFO(n);
    REQUIRE(holds_each_once(order(n)));
  }
  for (std::int64_t n : {1023, 1024, 1025, 4097, 65536, 65537, 1000003}) CHECK(holds_each_once(order(n)));
}

TEST_CASE("permutation: the network written out, odd sizes") {
  for (std::int64_t n : odd_sizes)
    for (std::uint32_t step : {1u, 2u, 3u, 4u, 5u}) {
      INFO(n, ", step ", step);
      if (n > 0) CHECK(order(n, step) == naive::permutation(77, 2, step, n));
    }
}

TEST_CASE("permutation: the network of a second program") {
  const auto g = golden::load("ops/sampling.txt");
  stx::Context<Cpu> ctx({.seed = 21});
  ctx.step_state()->step = 3;
  for (std::int64_t n : {5, 300, 5000}) {
    const auto& want = g.at("permutation_" + std::to_string(n)).values;
    CHECK(to_host(ctx, stx::permutation(ctx, n, 9, 0, n)) == std::vector<std::int32_t>(want.begin(), want.end()));
  }
}

TEST_CASE("permutation: all 24 orders of 4 items and all 120 of 5 are equally likely" *
          doctest::test_suite("properties")) {
  for (std::int64_t n : {4, 5}) {
    std::vector<double> counts(n == 4 ? 24 : 120);
    for (std::uint32_t step = 0; step < 60000; ++step) {
      std::vector<std::int32_t> items = order(n, step);
      std::size_t number = 0;  // in the factorial number system
      for (std::int64_t i = 0; i < n; ++i) {
        std::size_t smaller = 0;
        for (std::int64_t j = i + 1; j < n; ++j) smaller += items[j] < items[i];
        number = number * static_cast<std::size_t>(n - i) + smaller;
      }
      counts[number] += 1;
    }
    const double orders = static_cast<double>(counts.size());
    INFO(n);
    CHECK(naive::chi_square(counts, std::vector<double>(counts.size(), 1 / orders)) <
          naive::chi_square_limit(orders - 1));
  }
}

TEST_CASE("permutation: every item is equally often at every place, and neighbours are unrelated") {
  const std::int64_t n = 20;
  std::vector<double> at(n * n), followed(n * n);
  for (std::uint32_t step = 0; step < 20000; ++step) {
    const auto items = order(n, step);
    for (std::int64_t i = 0; i < n; ++i) at[i * n + items[i]] += 1;
    for (std::int64_t i = 0; i + 1 < n; ++i) followed[items[i] * n + items[i + 1]] += 1;
  }
  CHECK(naive::chi_square(at, std::vector<double>(n * n, 1.0 / (n * n))) < naive::chi_square_limit((n - 1) * (n - 1)));
  double pairs = 0;
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t j = 0; j < n; ++j)
      if (i != j) pairs += (followed[i * n + j] - 1000) * (followed[i * n + j] - 1000) / 1000;
  CHECK(pairs < naive::chi_square_limit(n * (n - 1)));  // 20000 * 19 pairs over 380 kinds
}

TEST_CASE("permutation: a slice is the slice of the whole, whatever the threads") {
  const auto whole = order(10007, 1, 2, 0, -1, 1);
  for (int threads : {1, 2, 3, 5}) CHECK(order(10007, 1, 2, 0, -1, threads) == whole);
  CHECK(order(10007, 1, 2, 5000, 33) == std::vector<std::int32_t>(whole.begin() + 5000, whole.begin() + 5033));
  CHECK(order(10007, 1, 2, 10007, 0).empty());
}

TEST_CASE("permutation: another counter or site is another order; the counter may be given") {
  CHECK(order(100) != order(100, 2));
  CHECK(order(100) != order(100, 1, 3));
  stx::Context<Cpu> ctx({.seed = 77});
  ctx.step_state()->step = 123;
  const auto epoch = to_device(ctx, std::vector<std::uint32_t>{1}, Shape{1});
  CHECK(to_host(ctx, stx::permutation(ctx, 100, 2, 0, 100, epoch)) == order(100, 1));
}

TEST_CASE("permutation: the largest n, and the backend stays inside its buffer") {
  const std::int64_t n = (std::int64_t{1} << 31) - 1;
  for (std::int32_t item : order(n, 1, 2, n - 1000, 1000)) CHECK(item >= 0);
  stx::Context<Cpu> ctx;
  Guarded<std::int32_t> items(33);
  stx::permutation(ctx, stx::Permutation<std::int32_t>{.items = items.data(), .count = 33, .n = 40});
  CHECK(items.intact());
}

TEST_CASE("permutation: numbers out of range are errors") {
  CHECK_THROWS_WITH_AS(order(5, 1, 2, 3, 3),
                       "[permutation] n must be in [0, 2^31) and [first, first + count) inside [0, n), "
                       "got n = 5, first = 3, count = 3",
                       stx::ArgumentError);
  CHECK_THROWS_AS(order(0, 1, 2, 0, 1), stx::ArgumentError);
  CHECK_THROWS_AS(order(-1, 1, 2, 0, 0), stx::ArgumentError);
  CHECK_THROWS_AS(order(5, 1, 2, -1, 3), stx::ArgumentError);
  CHECK_THROWS_AS(order(std::int64_t{1} << 31, 1, 2, 0, 1), stx::ArgumentError);
  stx::Context<Cpu> ctx;
  const auto two = to_device(ctx, std::vector<std::uint32_t>(2), Shape{2});
  CHECK_THROWS_WITH_AS(stx::permutation(ctx, 5, 1, 0, 5, two),
                       "[permutation] counter must be a single value, got shape (2)", stx::ArgumentError);
}

TEST_CASE("permutation: pairs of places of larger orders are spread evenly") {
  for (std::int64_t n : {64, 1024, 1500}) {
    std::vector<double> cells(64);  // (place 3, place 4) in eighths of the items
    for (std::uint32_t step = 0; step < 20000; ++step) {
      const auto pair = order(n, step, 2, 3, 2, 1);
      cells[pair[0] * 8 / n * 8 + pair[1] * 8 / n] += 1;
    }
    std::vector<double> shares(64);
    std::vector<double> sizes(8);
    for (std::int64_t i = 0; i < n; ++i) sizes[i * 8 / n] += 1;
    for (int a = 0; a < 8; ++a)
      for (int b = 0; b < 8; ++b)
        shares[a * 8 + b] = sizes[a] * (sizes[b] - (a == b)) / static_cast<double>(n * (n - 1));
    INFO(n);
    CHECK(naive::chi_square(cells, shares) < naive::chi_square_limit(63));
  }
}
