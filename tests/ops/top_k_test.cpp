#include "stx/ops/top_k.hpp"

#include <set>

#include "stx/backend/cpu/transfer.hpp"
#include "stx/backend/elementwise.hpp"
#include "stx/core/transfer.hpp"
#include "support/compare.hpp"
#include "support/golden.hpp"
#include "support/guarded.hpp"
#include "support/naive_graph.hpp"
#include "support/random.hpp"

using namespace stx::test;
using stx::Context;
using stx::Cpu;
using stx::KnnMetric;
using stx::Shape;
using stx::TopKOptions;

namespace {

template <class T>
struct Found {
  std::vector<std::int32_t> ids;
  std::vector<T> scores;
};

template <class T>
Found<T> search(const std::vector<double>& queries, const std::vector<double>& points, std::int64_t n_queries,
                std::int64_t n_points, std::int64_t dims, const TopKOptions& options, int threads = 2) {
  Context<Cpu> ctx({.threads = threads});
  const auto q = to_device(ctx, convert<T>(queries), Shape{n_queries, dims});
  const auto p = to_device(ctx, convert<T>(points), Shape{n_points, dims});
  const auto r = stx::top_k(ctx, q, p, options);
  return {to_host(ctx, r.ids), to_host(ctx, r.scores)};
}

/// Small whole numbers: distances are exact and many are equal.
std::vector<double> grid_values(std::int64_t n, std::uint64_t seed) {
  auto values = random_values(n, seed, -3, 3);
  for (double& v : values) v = std::round(v);
  return values;
}

}  // namespace

TEST_CASE("top_k: distances and order of a full sort, ties by lower index") {
  for (std::int64_t n : {1, 31, 32, 33, 63, 64, 65, 130, 1023, 4097})
    for (std::int64_t dims : {1, 2, 5, 33, 4097}) {
      for (int k : {1, 7, 40}) {
        if (k > n || n * dims > 4097 * 33) continue;
        CAPTURE(n);
        CAPTURE(dims);
        CAPTURE(k);
        const auto queries = grid_values(9 * dims, 1), points = grid_values(n * dims, 2);
        const auto got = search<float>(queries, points, 9, n, dims, {.k = k});
        for (std::int64_t q = 0; q < 9; ++q) {
          const auto want = naive::rank_points(queries.data() + q * dims, points, dims, false);
          for (int j = 0; j < k; ++j) {
            REQUIRE(got.ids[q * k + j] == want.order[j]);
            REQUIRE(got.scores[q * k + j] == doctest::Approx(want.key[want.order[j]]).epsilon(1e-6));
          }
        }
      }
    }
}

TEST_CASE("top_k: real numbers, both metrics, many queries") {
  const std::int64_t n = 1500, dims = 37;
  const int k = 25;
  const auto points = random_values(n * dims, 3);
  for (KnnMetric metric : {KnnMetric::euclidean, KnnMetric::cosine}) {
    const bool cosine = metric == KnnMetric::cosine;
    const auto got = search<float>(points, points, n, n, dims, {k, metric, true});
    for (std::int64_t q = 0; q < n; q += 13) {
      const auto want = naive::rank_points(points.data() + q * dims, points, dims, cosine);
      const double last = want.key[want.order[k]];
      std::set<std::int32_t> seen;
      for (int j = 0; j < k; ++j) {
        const std::int32_t id = got.ids[q * k + j];
        const double score = got.scores[q * k + j];
        REQUIRE(id != q);
        REQUIRE(seen.insert(id).second);
        REQUIRE(std::abs((cosine ? -score : score) - want.key[id]) < 1e-5);
        REQUIRE(want.key[id] <= last + 1e-5);
        if (j > 0) REQUIRE((cosine ? score <= got.scores[q * k + j - 1] : score >= got.scores[q * k + j - 1]));
      }
    }
  }
}

TEST_CASE("top_k by cosine: order of a full sort for every shape of a tile, ties by lower index") {
  // Rows of +-1 and whole powers of two as lengths: cosines are sums of equal terms, and many are equal.
  const auto signs = [](std::int64_t n, std::int64_t dims, std::uint64_t seed) {
    auto values = random_values(n * dims, seed);
    for (std::int64_t i = 0; i < n * dims; ++i) values[i] = std::copysign(std::ldexp(1.0, (i / dims) % 4), values[i]);
    return values;
  };
  for (std::int64_t n : {1, 31, 33, 130, 1023, 4097})
    for (std::int64_t dims : {1, 4, 16, 1024})
      for (std::int64_t n_queries : {1, 13, 57, 231}) {
        if (dims == 1024 && n * n_queries > 130 * 57) continue;
        if (n == 4097 && n_queries > 13) continue;
        const int k = static_cast<int>(std::min<std::int64_t>(n, 9));
        CAPTURE(n);
        CAPTURE(dims);
        CAPTURE(n_queries);
        const auto queries = signs(n_queries, dims, 1), points = signs(n, dims, 2);
        const auto got = search<float>(queries, points, n_queries, n, dims, {k, KnnMetric::cosine});
        for (std::int64_t q = 0; q < n_queries; ++q) {
          const auto want = naive::rank_points(queries.data() + q * dims, points, dims, true);
          for (int j = 0; j < k; ++j) {
            REQUIRE(got.ids[q * k + j] == want.order[j]);
            REQUIRE(std::abs(got.scores[q * k + j] + want.key[want.order[j]]) <= 1e-6);
          }
        }
      }
}

TEST_CASE("top_k by cosine: a query's neighbours do not depend on its batch or on the threads") {
  const std::int64_t n = 700, dims = 401;
  const auto points = random_values(n * dims, 3);
  const auto all = search<float>(points, points, n, n, dims, {15, KnnMetric::cosine}, 1);
  for (int threads : {2, 3, 5}) {
    const auto other = search<float>(points, points, n, n, dims, {15, KnnMetric::cosine}, threads);
    CHECK(same_bits(other.ids, all.ids));
    CHECK(same_bits(other.scores, all.scores));
  }
  const std::vector<double> few(points.begin() + 300 * dims, points.begin() + 303 * dims);
  const auto part = search<float>(few, points, 3, n, dims, {15, KnnMetric::cosine});
  CHECK(same_bits(part.scores, std::vector<float>(all.scores.begin() + 300 * 15, all.scores.begin() + 303 * 15)));
  CHECK(part.ids == std::vector<std::int32_t>(all.ids.begin() + 300 * 15, all.ids.begin() + 303 * 15));
}

TEST_CASE("top_k: golden values of scikit-learn") {
  const auto g = golden::load("ops/top_k.txt");
  const auto &queries = g.at("queries"), &points = g.at("points");
  for (KnnMetric metric : {KnnMetric::euclidean, KnnMetric::cosine}) {
    const std::string name = metric == KnnMetric::cosine ? "cosine" : "euclidean";
    const auto &ids = g.at(name + "_ids").values, &distances = g.at(name + "_distances").values;
    const auto got = search<double>(queries.values, points.values, queries.rows, points.rows, points.cols,
                                    {static_cast<int>(g.at(name + "_ids").cols), metric});
    CHECK(max_error(got.ids, ids) == 0);
    auto scores = got.scores;
    if (metric == KnnMetric::cosine)
      for (double& s : scores) s = 1 - s;
    CHECK(max_error(scores, distances) < 1e-12);
  }
}

TEST_CASE("top_k: the same bits for every number of threads") {
  const auto points = random_values(700 * 9, 3);
  const auto one = search<float>(points, points, 700, 700, 9, {.k = 15}, 1);
  for (int threads : {1, 2, 3, 5}) {
    const auto other = search<float>(points, points, 700, 700, 9, {.k = 15}, threads);
    CHECK(same_bits(other.ids, one.ids));
    CHECK(same_bits(other.scores, one.scores));
  }
}

TEST_CASE("top_k: copies of one point come in the order of their index; zeros; no dimensions" *
          doctest::test_suite("properties")) {
  const std::vector<double> same(200 * 3, 0.7), zeros(3, 0.0);
  auto got = search<float>({0.7, 0.7, 0.7}, same, 1, 200, 3, {.k = 70});
  for (int j = 0; j < 70; ++j) {
    CHECK(got.ids[j] == j);
    CHECK(got.scores[j] == 0);
  }
  got = search<float>(zeros, same, 1, 200, 3, {.k = 3, .metric = KnnMetric::cosine});
  CHECK(got.ids == std::vector<std::int32_t>{0, 1, 2});
  CHECK(got.scores == std::vector<float>(3, 0.0f));
  got = search<float>({}, {}, 2, 5, 0, {.k = 2});
  CHECK(got.ids == std::vector<std::int32_t>{0, 1, 0, 1});
  CHECK(search<float>({}, same, 0, 200, 3, {.k = 2}).ids.empty());
}

TEST_CASE("top_k: no queries, no points for them, no dimensions") {
  CHECK(search<float>({}, random_values(15, 1), 0, 5, 3, {.k = 2}).ids.empty());
  CHECK(search<float>({}, {}, 2, 4, 0, {.k = 2}).ids == std::vector<std::int32_t>{0, 1, 0, 1});
}

TEST_CASE("top_k: points with NaN are nobody's neighbours") {
  std::vector<double> points = random_values(4 * 2, 3);
  points[2] = std::nan("");
  for (KnnMetric metric : {KnnMetric::euclidean, KnnMetric::cosine}) {
    const auto got = search<float>(points, points, 4, 4, 2, {.k = 4, .metric = metric});
    for (std::int64_t q : {0, 2, 3}) {
      for (int j = 0; j < 3; ++j) CHECK((got.ids[q * 4 + j] >= 0 && got.ids[q * 4 + j] != 1));
      CHECK(got.ids[q * 4 + 3] == -1);
      CHECK(std::isnan(got.scores[q * 4 + 3]));
    }
    for (int j = 0; j < 4; ++j) CHECK(got.ids[4 + j] == -1);
  }
}

TEST_CASE("top_k: the backend stays inside its buffers") {
  Context<Cpu> ctx({.threads = 2});
  for (std::int64_t n : {65, 128}) {
    Guarded<float> q(convert<float>(random_values(11 * 5, 1))), p(convert<float>(random_values(n * 5, 2)));
    Guarded<float> scores(11 * 6);
    Guarded<std::int32_t> ids(11 * 6);
    for (KnnMetric metric : {KnnMetric::euclidean, KnnMetric::cosine})
      stx::top_k(ctx, stx::TopK<float>{q.data(), p.data(), ids.data(), scores.data(), 11, n, 5, 6, metric});
    CHECK((q.intact() && p.intact() && scores.intact() && ids.intact()));
  }
}

TEST_CASE("top_k: wrong calls are errors") {
  const auto message = [](std::int64_t n_queries, std::int64_t n_points, std::int64_t dims, const TopKOptions& o) {
    Context<Cpu> ctx;
    const auto q = to_device(ctx, std::vector<float>(n_queries * 3), Shape{n_queries, 3});
    const auto p = to_device(ctx, std::vector<float>(n_points * dims), Shape{n_points, dims});
    try {
      stx::top_k(ctx, q, p, o);
    } catch (const stx::ArgumentError& e) {
      return std::string(e.what());
    }
    return std::string("no error");
  };
  CHECK(message(2, 5, 4, {}) ==
        "[top_k] queries (n_queries, dims) and points (n_points, dims) must agree on dims, got (2, "
        "3) and (5, 4)");
  CHECK(message(2, 5, 3, {.k = 6}) == "[top_k] k must lie in [1, 5] for 5 points, got 6");
  CHECK(message(2, 5, 3, {.k = 0}) == "[top_k] k must lie in [1, 5] for 5 points, got 0");
  CHECK(message(5, 5, 3, {.k = 5, .without_self = true}) == "[top_k] k must lie in [1, 4] for 5 points, got 5");
  CHECK(message(2, 2000, 3, {.k = 1025}) == "[top_k] k must lie in [1, 1024] for 2000 points, got 1025");
  CHECK(message(2, 5, 3, {.k = 1, .without_self = true}) ==
        "[top_k] without_self needs as many queries as points, got 2 and 5");
}
