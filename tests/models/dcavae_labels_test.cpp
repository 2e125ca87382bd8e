// Transfer of cell types from cells to spots.
#include "examples/dcavae/labels.hpp"

#include <doctest/doctest.h>

#include "support/random.hpp"

using namespace stx::dcavae;
using stx::Matrix;
using Codes = std::vector<std::int32_t>;
using Names = std::vector<std::string>;

namespace {

/// Points around (10 type, 0), a given number of each type.
Matrix<float> clouds(const Codes& types, std::uint64_t seed) {
  Matrix<float> m(static_cast<std::int64_t>(types.size()), 2);
  const auto noise = stx::test::random_values(m.rows * 2, seed);
  for (std::int64_t i = 0; i < m.rows; ++i) {
    m(i, 0) = static_cast<float>(10 * types[i] + noise[2 * i]);
    m(i, 1) = static_cast<float>(noise[2 * i + 1]);
  }
  return m;
}

}  // namespace

TEST_CASE("labels of both sides share their codes; unknown ones have none") {
  const LabelCodes c = encode_labels({"T", "", "B", "T", "nan"}, {"B", "NA", "Z", "T"});
  CHECK(c.names == Names{"B", "T", "Z"});
  CHECK(c.cells == Codes{1, -1, 0, 1, -1});
  CHECK(c.spots == Codes{0, -1, 2, 1});
  CHECK(c.only_cells.empty());
  CHECK(c.only_spots == Names{"Z"});
  CHECK(encode_labels({"a", "b"}).names == Names{"a", "b"});
  CHECK(encode_labels({"a", "b"}, {"", "nan"}).spots == Codes{-1, -1});
}

TEST_CASE("types that cannot be used are refused with what was found") {
  CHECK_THROWS_WITH_AS(encode_labels({"", "nan"}, {"B"}),
                       "[encode_labels] no cell has a known type; is this the column of cell types?", stx::DataError);
  CHECK_THROWS_AS(encode_labels({}), stx::DataError);
  CHECK_THROWS_WITH_AS(encode_labels({"t cell", "a", "b", "c", "d", "e"}, {"T cell"}),
                       "[encode_labels] no type of the spots ('T cell') is one of the cells ('a', "
                       "'b', 'c', 'd', 'e', "
                       "...); are both columns spelled the same way?",
                       stx::DataError);
}

TEST_CASE("spots among cells of one type take it with full confidence; threads do not matter") {
  Codes cells, spots;
  for (std::int32_t i = 0; i < 90; ++i) cells.push_back(i % 3);
  for (std::int32_t i = 0; i < 200; ++i) spots.push_back(i % 3);
  const auto points = clouds(cells, 1), queries = clouds(spots, 2);
  for (const int threads : {1, 3}) {
    const TransferredLabels t =
        transfer_labels(points, cells, 4, queries, {.k = 9, .metric = stx::KnnMetric::euclidean, .threads = threads});
    CHECK(t.label == spots);
    CHECK(t.confidence == std::vector<float>(200, 1.0f));
    CHECK(t.shares.cols == 4);
    CHECK(t.shares(4, 1) == 1);
    CHECK(score_labels(t, spots, cells).share == 1);
  }
}

TEST_CASE("votes: shares, unknown cells do not vote, ties go to the nearest") {
  Matrix<float> cells(5, 1), spots(2, 1);
  cells.values = {0, 1, 2, 3, 10};
  spots.values = {-1, 2.4f};
  const TransferOptions options{.k = 4, .metric = stx::KnnMetric::euclidean, .threads = 1};
  const TransferredLabels t = transfer_labels(cells, Codes{1, -1, 1, 0, 0}, 2, spots, options);
  CHECK(t.label == Codes{1, 1});  // two votes each: cells 0 and 2 are the nearest ones that vote
  CHECK(t.confidence == std::vector<float>{0.5f, 0.5f});
  CHECK(t.shares(0, 0) == 0.5f);
  const TransferredLabels three =
      transfer_labels(cells, Codes{1, -1, 1, 0, 0}, 2, spots, {.k = 3, .metric = stx::KnnMetric::euclidean});
  CHECK(three.confidence[0] == doctest::Approx(2.0 / 3));
  CHECK(three.label == Codes{1, 1});
  CHECK_THROWS_WITH_AS(transfer_labels(cells, Codes{1, -1, -1, -1, 0}, 2, spots, options),
                       "[transfer_labels] k = 4 cells shall vote on a spot, but 2 cells have a "
                       "known type; choose a k "
                       "in [1, 2]",
                       stx::DataError);
  CHECK_THROWS_WITH_AS(transfer_labels(cells, Codes{1, 2, 1, 0, 0}, 2, spots, options),
                       "[transfer_labels] the label of cell 1 is 2, but there are 2 types", stx::DataError);
  CHECK_THROWS_WITH_AS(transfer_labels(cells, Codes{1, 1}, 2, spots, options),
                       "[transfer_labels] there must be a label for each of the 5 cells, got 2", stx::ArgumentError);
}

TEST_CASE("accuracy: of all spots of known type, and of those that could be right") {
  const TransferredLabels t{.label = {0, 1, 0, 1}, .confidence = {}, .shares = {}};
  const LabelAccuracy a = score_labels(t, Codes{0, 0, -1, 2}, Codes{0, 1, -1});
  CHECK(a.count == 3);
  CHECK(a.share == doctest::Approx(1.0 / 3));
  CHECK(a.count_of_known == 2);
  CHECK(a.share_of_known == 0.5);
  // Types 0 (1 right of 2 spots and 1 given), 1 (given twice, no spot) and 2 (1 spot, never given).
  CHECK(a.macro_f1 == doctest::Approx((2.0 / 3 + 0 + 0) / 3));
  CHECK(a.most_frequent == doctest::Approx(2.0 / 3));
  CHECK(std::isnan(score_labels(t, Codes{-1, -1, -1, -1}, Codes{0}).share));
  CHECK_THROWS_AS(score_labels(t, Codes{0}, Codes{0}), stx::ArgumentError);
}
