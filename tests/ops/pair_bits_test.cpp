#include "stx/ops/pair_bits.hpp"

#include <set>

#include "stx/backend/cpu/transfer.hpp"
#include "stx/core/transfer.hpp"
#include "support/compare.hpp"
#include "support/golden.hpp"
#include "support/guarded.hpp"
#include "support/random.hpp"

using namespace stx::test;
using stx::Anchors;
using stx::Cpu;
using stx::Shape;

namespace {

using Ids = std::vector<std::int32_t>;

constexpr std::int64_t n_lists = 30, n_ids = 90;

/// k members of every list, ascending.
Ids some_lists(std::int64_t k) {
  Ids lists;
  for (std::int64_t r = 0; r < n_lists; ++r) {
    std::set<std::int32_t> list;
    for (std::int64_t m = 0; static_cast<std::int64_t>(list.size()) < k; ++m)
      list.insert(static_cast<std::int32_t>((r * 31 + m * 37) % n_ids));
    lists.insert(lists.end(), list.begin(), list.end());
  }
  return lists;
}

Ids some_rows(std::int64_t count, std::int64_t n, std::int64_t stride) {
  Ids rows;
  for (std::int64_t i = 0; i < count; ++i) rows.push_back(static_cast<std::int32_t>(i * stride % n));
  return rows;
}

std::vector<std::uint32_t> bits(const Ids& lists, const Ids& first, const Ids& second, Anchors anchors,
                                int threads = 2) {
  stx::Context<Cpu> ctx({.threads = threads});
  const auto vector = [&](const Ids& v) { return to_device(ctx, v, Shape{static_cast<std::int64_t>(v.size())}); };
  const auto device = to_device(ctx, lists, Shape{n_lists, static_cast<std::int64_t>(lists.size()) / n_lists});
  return to_host(ctx, stx::pair_bits(ctx, device, vector(first), vector(second), anchors, n_ids));
}

/// By looking through the whole list of every pair.
std::vector<std::uint32_t> naive_bits(const Ids& lists, const Ids& first, const Ids& second, Anchors anchors) {
  const std::size_t words = (second.size() + 31) / 32, k = lists.size() / n_lists;
  std::vector<std::uint32_t> want(first.size() * words, 0u);
  for (std::size_t i = 0; i < first.size(); ++i)
    for (std::size_t j = 0; j < second.size(); ++j) {
      const std::int32_t row = anchors == Anchors::first ? first[i] : second[j];
      const std::int32_t id = anchors == Anchors::first ? second[j] : first[i];
      if (row < 0 || row >= n_lists || id < 0 || id >= n_ids) continue;
      const auto begin = lists.begin() + row * static_cast<std::int64_t>(k);
      if (std::count(begin, begin + static_cast<std::int64_t>(k), id) > 0) want[i * words + j / 32] |= 1u << (j % 32);
    }
  return want;
}

}  // namespace

TEST_CASE("pair_bits: NumPy's words, both directions") {
  const auto g = golden::load("ops/pair_bits.txt");
  const auto ids = [&](const char* name) { return Ids(g.at(name).values.begin(), g.at(name).values.end()); };
  const auto words = [&](const char* name) {
    return std::vector<std::uint32_t>(g.at(name).values.begin(), g.at(name).values.end());
  };
  const Ids lists = ids("lists"), rows = ids("rows"), others = ids("others");
  CHECK(bits(lists, rows, others, Anchors::first) == words("first"));
  CHECK(bits(lists, others, rows, Anchors::second) == words("second"));
}

TEST_CASE("pair_bits: every pair looked up, both directions, numbers that come again") {
  for (std::int64_t k : {1, 7, 50})
    for (Anchors anchors : {Anchors::first, Anchors::second}) {
      const auto lists = some_lists(k);
      const bool rows = anchors == Anchors::first;
      for (std::int64_t odd : {0, 1, 31, 32, 33, 1023, 4097}) {
        INFO(odd, " with ", k);
        const Ids a = some_rows(odd, rows ? n_lists : n_ids, 11), b = some_rows(45, rows ? n_ids : n_lists, 7);
        CHECK(bits(lists, a, b, anchors) == naive_bits(lists, a, b, anchors));
        const Ids c = some_rows(45, rows ? n_lists : n_ids, 11), d = some_rows(odd, rows ? n_ids : n_lists, 7);
        CHECK(bits(lists, c, d, anchors) == naive_bits(lists, c, d, anchors));
      }
    }
}

TEST_CASE("pair_bits: a partner that was drawn is a positive of its anchor" * doctest::test_suite("properties")) {
  const auto lists = some_lists(7);
  Ids anchors = some_rows(40, n_lists, 13), partners;
  for (std::size_t i = 0; i < anchors.size(); ++i) partners.push_back(lists[anchors[i] * 7 + i % 7]);
  const auto got = bits(lists, anchors, partners, Anchors::first);
  for (std::size_t i = 0; i < anchors.size(); ++i) CHECK((got[i * 2 + i / 32] >> (i % 32) & 1u) == 1u);
}

TEST_CASE("pair_bits: rows that do not exist are in no pair; threads do not matter") {
  const auto lists = some_lists(50);
  const Ids a{3, -1, 30, 3}, b{-1, 90, 5, 1000, 42};
  CHECK(bits(lists, a, b, Anchors::first) == naive_bits(lists, a, b, Anchors::first));
  const Ids first = some_rows(200, n_ids, 11), second = some_rows(301, n_lists, 7);
  const auto one = bits(lists, first, second, Anchors::second, 1);
  for (int threads : {1, 2, 3, 5}) CHECK(bits(lists, first, second, Anchors::second, threads) == one);
}

TEST_CASE("pair_bits: nothing is written outside; wrong shapes are errors") {
  stx::Context<Cpu> ctx({.threads = 3});
  for (bool by_columns : {false, true}) {
    Guarded<std::int32_t> lists(some_lists(7)), anchors(some_rows(by_columns ? 40 : 33, n_lists, 3)),
        others(some_rows(by_columns ? 33 : 40, n_ids, 3));
    Guarded<std::uint32_t> out(66);
    stx::pair_bits(ctx, stx::PairBits<std::int32_t>{lists.data(), anchors.data(), others.data(), out.data(), n_lists, 7,
                                                    n_ids, 33, 40, by_columns});
    CHECK((lists.intact() && anchors.intact() && others.intact() && out.intact()));
  }
  const auto v = ctx.make_step<std::int32_t>({3});
  CHECK_THROWS_WITH_AS(stx::pair_bits(ctx, v, v, v, Anchors::first, 3),
                       "[pair_bits] lists must be a matrix and both sets vectors, got (3), (3) and (3)",
                       stx::ArgumentError);
  CHECK_THROWS_WITH_AS(stx::pair_bits(ctx, ctx.make_step<std::int32_t>({3, 1}), v, v, Anchors::first, -1),
                       "[pair_bits] n_ids must lie in [0, 2^31), got -1", stx::ArgumentError);
}
