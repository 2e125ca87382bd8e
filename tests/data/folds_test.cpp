#include "stx/data/folds.hpp"

#include <doctest/doctest.h>

#include "support/golden.hpp"

namespace {
using Rows = std::vector<std::int64_t>;
Rows integers(const stx::Matrix<double>& m) { return {m.values.begin(), m.values.end()}; }
Rows head(const Rows& rows) { return {rows.begin(), rows.begin() + 3}; }
}  // namespace

TEST_CASE("permutations are NumPy's") {
  const golden::Arrays expected = golden::load("data/splits.txt");
  CHECK(stx::NumpyRandomState(42).permutation(10) == Rows{8, 1, 5, 0, 7, 2, 9, 4, 3, 6});
  CHECK(stx::NumpyRandomState(42).permutation(10) == integers(expected.at("permutation_42_10")));
  CHECK(stx::NumpyRandomState(7).permutation(1000) == integers(expected.at("permutation_7_1000")));
  CHECK(stx::NumpyRandomState(0).permutation(0).empty());
  CHECK(stx::NumpyRandomState(0).permutation(1) == Rows{0});
}

TEST_CASE("train_test_split and k_folds are scikit-learn's") {
  const golden::Arrays expected = golden::load("data/splits.txt");
  const stx::TrainTest split = stx::train_test_split(101);
  CHECK(split.train == integers(expected.at("train")));
  CHECK(split.test == integers(expected.at("test")));
  const auto folds = stx::k_folds(103, 4, 3);
  for (int f = 0; f < 4; ++f) {
    CHECK(folds[f] == integers(expected.at("fold_" + std::to_string(f))));
  }
}

TEST_CASE("the published spot splits of CASPER") {
  struct Published {
    std::int64_t n, train, test;
    Rows first;
  };
  for (const Published& p :
       {Published{64373, 51498, 12875, {15476, 34666, 50474}}, Published{3405, 2724, 681, {291, 736, 2098}},
        Published{913, 730, 183, {380, 853, 355}}, Published{1549, 1239, 310, {350, 650, 1178}}}) {
    const stx::TrainTest split = stx::train_test_split(p.n);
    CHECK(static_cast<std::int64_t>(split.train.size()) == p.train);
    CHECK(static_cast<std::int64_t>(split.test.size()) == p.test);
    CHECK(head(split.test) == p.first);
  }
}

TEST_CASE("the published gene folds of CASPER") {
  const std::vector<Rows> expected{{2, 11, 17, 20, 24, 25, 26},
                                   {8, 10, 15, 16, 23, 29, 32},
                                   {1, 5, 13, 14, 22, 28, 30},
                                   {4, 6, 12, 18, 19, 21},
                                   {0, 3, 7, 9, 27, 31}};
  CHECK(stx::k_folds(33, 5, 0) == expected);
  const auto sizes = [](std::int64_t n) {
    Rows out;
    for (const Rows& fold : stx::k_folds(n, 5, 0)) {
      out.push_back(static_cast<std::int64_t>(fold.size()));
    }
    return out;
  };
  CHECK(sizes(154) == Rows{31, 31, 31, 31, 30});
  CHECK(sizes(9782) == Rows{1957, 1957, 1956, 1956, 1956});
  CHECK(sizes(994) == Rows{199, 199, 199, 199, 198});
}

TEST_CASE("the published gene split of DCAVAE, and the chunks of its baselines") {
  struct Published {
    std::int64_t n, n_train;
    Rows first, chunks;
  };
  for (const Published& p : {Published{320, 256, {181, 258, 15, 65, 216}, {64, 64, 64, 64, 64}},
                             Published{230, 184, {139, 201, 122, 186, 141}, {46, 46, 46, 46, 46}},
                             Published{242, 193, {110, 149, 37, 75, 109}, {49, 49, 48, 48, 48}}}) {
    const Rows order = stx::NumpyRandomState(0).permutation(p.n);
    CHECK(Rows(order.begin(), order.begin() + 5) == p.first);
    const stx::TrainTest split = stx::leading_split(p.n);
    CHECK(split.train == Rows(order.begin(), order.begin() + p.n_train));
    CHECK(split.test == Rows(order.begin() + p.n_train, order.end()));
    const auto folds = stx::k_folds(p.n, 5, 0);
    auto begin = order.begin();
    for (std::size_t f = 0; f < folds.size(); begin += p.chunks[f], ++f) {
      Rows chunk(begin, begin + p.chunks[f]);
      std::sort(chunk.begin(), chunk.end());
      CHECK(folds[f] == chunk);
    }
  }
  CHECK_THROWS_WITH_AS(stx::leading_split(1), "[leading_split] needs at least 2 items, got 1", stx::ArgumentError);
  CHECK_THROWS_WITH_AS(stx::leading_split(5, 1.0), "[leading_split] train_fraction must lie in (0, 1), got 1",
                       stx::ArgumentError);
}

TEST_CASE("complement lists what a fold leaves") {
  CHECK(stx::complement(6, {1, 4}) == Rows{0, 2, 3, 5});
  CHECK(stx::complement(2, {0, 1}).empty());
}

TEST_CASE("impossible folds and splits are refused") {
  CHECK_THROWS_WITH_AS(stx::k_folds(4, 5),
                       "[k_folds] needs 2 <= n_folds <= n, got n_folds = 5 for n = 4; ask for fewer "
                       "folds",
                       stx::ArgumentError);
  CHECK_THROWS_WITH_AS(stx::train_test_split(1), "[train_test_split] needs at least 2 rows, got 1", stx::ArgumentError);
  CHECK_THROWS_AS(stx::train_test_split(10, 1.5), stx::ArgumentError);
}
