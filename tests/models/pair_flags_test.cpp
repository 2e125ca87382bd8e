// The choice of genes by which a pair is cut down.
#include "examples/common/pair_flags.hpp"

#include <doctest/doctest.h>

#include <random>

#include "stx/data/csr_select.hpp"

namespace {

/// Counts in which gene g varies the more, the more often `varying` names it.
stx::CsrMatrix<float> counts(std::int64_t rows, std::int64_t genes, const std::vector<std::int64_t>& varying,
                             unsigned seed) {
  std::mt19937 random(seed);
  stx::Matrix<float> m(rows, genes);
  for (float& v : m.values) v = 20;
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t g : varying) m(i, g) = random() % 2 == 0 ? 0.0f : 40.0f;
  return stx::to_csr(m);
}

/// Genes 0 to 4 of the spots are genes 5 to 1 of the cells, whose gene 0 is not shared.
stx::PairData pair_of(const std::vector<std::int64_t>& varying_spots) {
  stx::PairData pair;
  pair.st.counts = counts(40, 5, varying_spots, 1);
  pair.sc.counts = counts(30, 6, {0, 2, 5}, 2);
  pair.shared = {"B", "C", "D", "E", "F"};
  pair.shared_sc = {1, 2, 3, 4, 5};
  pair.shared_st = {4, 3, 2, 1, 0};
  return pair;
}

TEST_CASE("the most variable genes are those of the single cells, whatever the spots hold") {
  // Genes that will be held out are chosen with the others: the spots may not say which.
  for (const std::vector<std::int64_t>& spots : {std::vector<std::int64_t>{1, 2}, {0, 3}, {}}) {
    stx::PairData pair = pair_of(spots);
    stx::keep_most_variable(pair, 2);
    CHECK(pair.shared == std::vector<std::string>{"C", "F"});
    CHECK(pair.shared_st == std::vector<std::int64_t>{3, 0});
    CHECK(pair.shared_sc == std::vector<std::int64_t>{0, 1});
    CHECK(pair.sc.counts.cols == 2);
    CHECK(pair.st.counts.cols == 5);
    REQUIRE(pair.notes.size() == 1);
    CHECK(pair.notes[0] == "only the 2 of 5 shared genes that vary most over the single cells are used");
  }
}

TEST_CASE("no choice, or one of all genes, leaves a pair as it is") {
  for (const std::int64_t count : {0, 5, 6}) {
    stx::PairData pair = pair_of({1});
    stx::keep_most_variable(pair, count);
    CHECK(pair.shared.size() == 5);
    CHECK(pair.sc.counts.cols == 6);
    CHECK(pair.notes.empty());
  }
}

}  // namespace
