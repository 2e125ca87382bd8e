#include "stx/ops/cross_top_k.hpp"

#include "stx/backend/cpu/transfer.hpp"
#include "stx/core/transfer.hpp"
#include "support/compare.hpp"
#include "support/golden.hpp"
#include "support/guarded.hpp"
#include "support/naive_graph.hpp"
#include "support/random.hpp"

using namespace stx::test;
using stx::Context;
using stx::Cpu;
using stx::Shape;

namespace {

template <class T>
struct Found {
  std::vector<std::int32_t> ids[2];
  std::vector<T> scores[2];
};

template <class T>
Found<T> search(const std::vector<double>& a, const std::vector<double>& b, std::int64_t dims, int k_a, int k_b,
                int threads = 2) {
  Context<Cpu> ctx({.threads = threads});
  const auto rows = [&](const std::vector<double>& x) {
    return to_device(ctx, convert<T>(x), Shape{static_cast<std::int64_t>(x.size()) / dims, dims});
  };
  const auto r = stx::cross_top_k(ctx, rows(a), rows(b), k_a, k_b);
  return {{to_host(ctx, r.of_first.ids), to_host(ctx, r.of_second.ids)},
          {to_host(ctx, r.of_first.scores), to_host(ctx, r.of_second.scores)}};
}

/// Rows of one nonzero among `dims` or none: cosines are exactly 0, 1 or -1, and many are equal.
std::vector<double> axes(std::int64_t n, std::int64_t dims, std::uint64_t seed) {
  std::vector<double> x(n * dims, 0.0);
  const auto u = random_values(2 * n, seed, 0, 1);
  for (std::int64_t i = 0; i < n; ++i)
    if (u[i] < 0.9) x[i * dims + static_cast<std::int64_t>(u[n + i] * dims)] = u[i] < 0.5 ? 1 : -2;
  return x;
}

}  // namespace

TEST_CASE("cross_top_k: ids of a full sort, ties by lower index, both directions") {
  for (std::int64_t n : {1, 31, 32, 33, 57, 130, 1023, 4097})
    for (std::int64_t dims : {1, 2, 5, 33, 4097})
      for (int k : {1, 7, 40}) {
        if (n * dims > 4097 * 33) continue;
        CAPTURE(n);
        CAPTURE(dims);
        const auto a = axes(61, dims, 1), b = axes(n, dims, 2);
        const int k_a = static_cast<int>(std::min<std::int64_t>(k, n));
        const auto got = search<float>(a, b, dims, k_a, k);
        for (int side = 0; side < 2; ++side) {
          const auto &queries = side == 0 ? a : b, &points = side == 0 ? b : a;
          const int size = side == 0 ? k_a : k;
          for (std::int64_t q = 0; q < static_cast<std::int64_t>(queries.size()) / dims; q += 3) {
            const auto want = naive::rank_points(queries.data() + q * dims, points, dims, true);
            for (int j = 0; j < size; ++j) {
              REQUIRE(got.ids[side][q * size + j] == want.order[j]);
              REQUIRE(got.scores[side][q * size + j] == -want.key[want.order[j]]);
            }
          }
        }
      }
}

TEST_CASE("cross_top_k: real numbers, more dimensions than one visit of a tile, long lists") {
  for (std::int64_t dims : {37, 400, 1023}) {
    const std::int64_t n = 700, m = 900;
    const auto a = random_values(n * dims, 3), b = random_values(m * dims, 4);
    const auto got = search<float>(a, b, dims, 25, 300);
    for (int side = 0; side < 2; ++side) {
      const auto &queries = side == 0 ? a : b, &points = side == 0 ? b : a;
      const int k = side == 0 ? 25 : 300;
      for (std::int64_t q = 0; q < (side == 0 ? n : m); q += 97) {
        const auto want = naive::rank_points(queries.data() + q * dims, points, dims, true);
        for (int j = 0; j < k; ++j) {
          const std::int32_t id = got.ids[side][q * k + j];
          REQUIRE(std::abs(got.scores[side][q * k + j] + want.key[id]) < 1e-5);
          REQUIRE(want.key[id] <= want.key[want.order[j]] + 1e-5);
          REQUIRE(std::count(&got.ids[side][q * k], &got.ids[side][q * k] + k, id) == 1);
        }
      }
    }
  }
}

TEST_CASE("cross_top_k: golden values of scikit-learn") {
  const auto g = golden::load("ops/top_k.txt");
  const auto &queries = g.at("queries"), &points = g.at("points"), &ids = g.at("cosine_ids"),
             &distances = g.at("cosine_distances");
  const auto got = search<double>(queries.values, points.values, points.cols, static_cast<int>(ids.cols), 1);
  CHECK(max_error(got.ids[0], ids.values) == 0);
  auto scores = got.scores[0];
  for (double& s : scores) s = 1 - s;
  CHECK(max_error(scores, distances.values) < 1e-12);
}

TEST_CASE("cross_top_k: the same bits for every number of threads; the second direction is the first, turned" *
          doctest::test_suite("properties")) {
  const auto a = random_values(611 * 9, 3), b = random_values(407 * 9, 4);
  const auto one = search<float>(a, b, 9, 15, 30, 1);
  for (int threads : {1, 2, 3, 5, 16}) {
    const auto other = search<float>(a, b, 9, 15, 30, threads);
    for (int side = 0; side < 2; ++side) {
      CHECK(same_bits(other.ids[side], one.ids[side]));
      CHECK(same_bits(other.scores[side], one.scores[side]));
    }
  }
  CHECK(same_bits(search<float>(b, a, 9, 30, 15).ids[1], one.ids[0]));
}

TEST_CASE("cross_top_k: rows with NaN are nobody's neighbours; nothing is written outside") {
  auto a = random_values(6 * 3, 3);
  a[4] = std::nan("");
  const auto got = search<float>(a, random_values(5 * 3, 4), 3, 5, 6);
  for (int j = 0; j < 5; ++j) {
    CHECK(got.ids[0][5 + j] == -1);
    CHECK((got.ids[0][j] >= 0 && got.ids[1][j * 6 + 4] >= 0));
    CHECK(got.ids[1][j * 6 + 5] == -1);
    CHECK(std::isnan(got.scores[1][j * 6 + 5]));
  }
  Context<Cpu> ctx({.threads = 2});
  Guarded<float> first(convert<float>(random_values(70 * 5, 1))), second(convert<float>(random_values(33 * 5, 2)));
  Guarded<float> s1(70 * 3), s2(33 * 4);
  Guarded<std::int32_t> i1(70 * 3), i2(33 * 4);
  stx::cross_top_k(ctx, stx::CrossTopK<float>{first.data(), second.data(), i1.data(), s1.data(), i2.data(), s2.data(),
                                              70, 33, 5, 3, 4});
  CHECK((first.intact() && second.intact() && s1.intact() && s2.intact() && i1.intact() && i2.intact()));
}

TEST_CASE("cross_top_k: wrong calls are errors") {
  Context<Cpu> ctx;
  const auto five = ctx.make_step<float>({5, 3}), two = ctx.make_step<float>({2, 3});
  CHECK_THROWS_WITH_AS(stx::cross_top_k(ctx, five, ctx.make_step<float>({2, 4}), 1, 1),
                       "[cross_top_k] both sets (rows, dims) must agree on dims, got (5, 3) and (2, 4)",
                       stx::ArgumentError);
  CHECK_THROWS_WITH_AS(stx::cross_top_k(ctx, five, two, 3, 1),
                       "[cross_top_k] k_first must lie in [1, 2] for 2 rows of the other set, got 3",
                       stx::ArgumentError);
  CHECK_THROWS_WITH_AS(stx::cross_top_k(ctx, five, two, 1, 0),
                       "[cross_top_k] k_second must lie in [1, 5] for 5 rows of the other set, got 0",
                       stx::ArgumentError);
}
