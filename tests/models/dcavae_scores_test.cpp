// Scores of DCAVAE beyond single genes, against numbers worked out by hand: latents, places.
#include <doctest/doctest.h>

#include "examples/dcavae/evaluation_parts.hpp"
#include "examples/dcavae/latent_scores.hpp"
#include "examples/dcavae/position_report.hpp"

using namespace stx::dcavae;
using doctest::Approx;
using stx::Matrix;
using Names = std::vector<std::string>;

namespace {

Matrix<float> rows_of(std::int64_t cols, std::vector<float> values) {
  Matrix<float> m(static_cast<std::int64_t>(values.size()) / cols, cols);
  m.values = std::move(values);
  return m;
}

Matrix<double> on_a_line(std::vector<double> places) {
  Matrix<double> m(static_cast<std::int64_t>(places.size()), 2);
  for (std::int64_t i = 0; i < m.rows; ++i) m(i, 0) = places[static_cast<std::size_t>(i)];
  return m;
}

}  // namespace

TEST_CASE("labels that say nothing are no type, however they are spelled") {
  const GroupCodes codes = group_codes({"B", "NA", "A", "", "None", "nan", "A", "NaN", "<NA>"});
  CHECK(codes.names == Names{"A", "B"});
  CHECK(codes.codes == std::vector<std::int32_t>{1, -1, 0, -1, -1, -1, 0, -1, -1});
}

TEST_CASE("kNN purity: points of unknown type are not scored, and no one's like") {
  // Two groups of 6, far apart. The first: unknown, 4 of A, B; the second: all B, the last two of them spots.
  const LatentSpace space{rows_of(1, {0, 1, 2, 3, 4, 5, 100, 101, 102, 103}), rows_of(1, {104, 105}),
                          {"NA", "A", "A", "A", "A", "B", "B", "B", "B", "B"}, {"B", "B"}};
  const auto purity = latent_scores(space, 1)["knn_purity"];
  CHECK(purity.size() == 2);
  CHECK(purity["5"].get<double>() == Approx((4 * 3 / 5.0 + 0 + 6 * 5 / 5.0) / 11));
  // The 5 nearest of the other group are added: all B for the first; 4 A and B, without the unknown, for the second.
  CHECK(purity["10"].get<double>() == Approx((4 * 3 / 10.0 + 5 / 10.0 + 6 * 6 / 10.0) / 11));
}

TEST_CASE("bASW: silhouettes of the sides within types, over known types alone") {
  // A: cells 0 and 2, spots 1 and 3: silhouettes 0, -1/2, -1/2, 0. B: cells 100 and 101, a spot 110: 9/10, 8/9, 0.
  const LatentSpace space{rows_of(1, {0, 2, 100, 101, 500, 501}), rows_of(1, {1, 3, 110, 509}),
                          {"A", "A", "B", "B", "NA", "NA"}, {"A", "A", "B", "NA"}};
  const double a = (1 + 0.5 + 0.5 + 1) / 4, b = (0.1 + 1 / 9.0 + 1) / 3;
  CHECK(latent_scores(space, 1)["basw"].get<double>() == Approx((a + b) / 2));
}

TEST_CASE("purity of cells' places: among the true places of spots, not where the model puts them") {
  // Nearest of 6 spots at 0 to 5: 0 to 4 of a cell at -1, 1 to 5 of one at 6. The model puts the spots in reverse.
  const Matrix<double> truth = on_a_line({0, 1, 2, 3, 4, 5});
  FoldPlaces places{on_a_line({-1, 6, 6, 2.4}), on_a_line({5, 4, 3, 2, 1, 0}), {}};
  LatentSpace labels{{}, {}, {"A", "B", "C", "NA"}, {"A", "A", "A", "B", "B", "B"}};
  auto purity = positions_json(places, truth, labels, 1)["purity"];
  CHECK(purity.size() == 1);
  CHECK(purity["5"]["all"].get<double>() == Approx((3 / 5.0 + 3 / 5.0 + 0) / 3));  // no spot is of C, and NA is no type
  CHECK(purity["5"]["shared"].get<double>() == Approx((3 / 5.0 + 3 / 5.0) / 2));
  labels.spot_labels[5] = "NA";  // nor one that cell and spot share
  purity = positions_json(places, truth, labels, 1)["purity"];
  CHECK(purity["5"]["all"].get<double>() == Approx((3 / 5.0 + 2 / 5.0 + 0) / 3));
  CHECK(purity["5"]["shared"].get<double>() == Approx((3 / 5.0 + 2 / 5.0) / 2));
  labels.cell_labels.clear();
  CHECK_FALSE(positions_json(places, truth, labels, 1).contains("purity"));
}
