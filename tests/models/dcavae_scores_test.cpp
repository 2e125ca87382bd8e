// Scores of DCAVAE beyond single genes, against numbers worked out by hand: latents, places, types, tests of methods.
#include <doctest/doctest.h>

#include <cmath>

#include "examples/dcavae/evaluation_parts.hpp"
#include "examples/dcavae/latent_scores.hpp"
#include "examples/dcavae/method_tests.hpp"
#include "examples/dcavae/position_report.hpp"
#include "models/dcavae_pair.hpp"

using namespace stx::dcavae;
using doctest::Approx;
using stx::Evaluation;
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

/// Model and methods of 5 genes and one seed, by their PCC.
Evaluation compared(const std::vector<std::pair<std::string, std::vector<double>>>& pcc) {
  Evaluation e("genes");
  e.genes = {"g0", "g1", "g2", "g3", "g4"};
  for (const auto& [method, values] : pcc)
    for (std::size_t g = 0; g < 5; ++g) e.scores(method, 0)[g].pcc = values[g];
  return e;
}

}  // namespace

TEST_CASE("labels that say nothing are no type, however they are spelled") {
  const GroupCodes codes = group_codes({"B", "NA", "A", "", "None", "nan", "A", "NaN", "<NA>"});
  CHECK(codes.names == Names{"A", "B"});
  CHECK(codes.codes == std::vector<std::int32_t>{1, -1, 0, -1, -1, -1, 0, -1, -1});
}

TEST_CASE("kNN purity: a point is no neighbour of itself, not even among copies of it") {
  // All 5 others are the neighbours: 4 points of type A see 3 of it, 2 of type B see 1.
  LatentSpace space{rows_of(2, {0, 0, 1, 0, 2, 0, 3, 0}), rows_of(2, {4, 0, 5, 0}), {"A", "A", "A", "B"}, {"A", "B"}};
  for (const bool copies : {false, true}) {
    INFO("copies " << copies);
    if (copies) std::fill(space.cells.values.begin(), space.cells.values.end(), 1.0f);
    if (copies) std::fill(space.spots.values.begin(), space.spots.values.end(), 1.0f);
    const auto json = latent_scores(space, 2);
    CHECK(json["knn_purity"].size() == 1);
    CHECK(json["knn_purity"]["5"].get<double>() == Approx((4 * 3 / 5.0 + 2 * 1 / 5.0) / 6));
  }
  space.spot_labels.clear();
  const auto without_labels = latent_scores(space, 1);
  CHECK((without_labels.size() == 1 && without_labels.contains("mixing")));
  CHECK(latent_scores({}, 1).empty());
}

TEST_CASE("kNN purity across: a cell's nearest spots, however near other cells are") {
  // Spots at 0 to 9, types in turn; a cell of A at 0.1 has A, B, A, B, A next, one of B at 8.9: B, A, B, A, B.
  LatentSpace space{rows_of(1, {0.1f, 8.9f}), rows_of(1, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}), {"A", "B"}, {}};
  for (int i = 0; i < 10; ++i) space.spot_labels.push_back(i % 2 == 0 ? "A" : "B");
  const auto across = latent_scores(space, 1)["knn_purity_across"];
  CHECK(across.size() == 2);
  CHECK(across["5"].get<double>() == Approx(3 / 5.0));
  CHECK(across["10"].get<double>() == Approx(5 / 10.0));
}

TEST_CASE("mixing: 0 for sides apart, 1 for sides in turn, by the sizes of the sides") {
  LatentSpace apart{Matrix<float>(30, 1), Matrix<float>(60, 1), {}, {}};
  for (std::int64_t i = 0; i < 30; ++i) apart.cells(i, 0) = static_cast<float>(i);
  for (std::int64_t i = 0; i < 60; ++i) apart.spots(i, 0) = 1000 + static_cast<float>(i);
  auto mixing = latent_scores(apart, 2)["mixing"];
  CHECK((mixing["k"] == 20 && mixing["cells"] == 0.0 && mixing["spots"] == 0.0));
  // On a circle every third is a cell: of the 20 nearest of a cell, 10 to each side, 14 are spots; of a spot 7 are
  // cells.
  LatentSpace turns{Matrix<float>(30, 2), Matrix<float>(60, 2), {}, {}};
  for (std::int64_t i = 0; i < 90; ++i) {
    const double angle = 2 * 3.14159265358979 * static_cast<double>(i) / 90;
    Matrix<float>& side = i % 3 == 0 ? turns.cells : turns.spots;
    const std::int64_t row = i % 3 == 0 ? i / 3 : 2 * (i / 3) + i % 3 - 1;
    side(row, 0) = static_cast<float>(100 * std::cos(angle));
    side(row, 1) = static_cast<float>(100 * std::sin(angle));
  }
  mixing = latent_scores(turns, 1)["mixing"];
  CHECK(mixing["cells"].get<double>() == Approx(14 / 20.0 * 89 / 60).epsilon(1e-9));
  CHECK(mixing["spots"].get<double>() == Approx(7 / 20.0 * 89 / 30).epsilon(1e-9));
  turns.cell_labels.assign(30, "A");  // with types, whose purity is of more neighbours
  turns.spot_labels.assign(60, "A");
  CHECK(latent_scores(turns, 1)["mixing"] == mixing);
}

TEST_CASE("cells outside: beyond the box of the spots on any axis") {
  Matrix<double> spots = on_a_line({0, 4, 2}), cells = on_a_line({-0.1, 0, 4, 4.1, 1});
  cells(4, 1) = 1;
  CHECK(share_outside(cells, spots) == Approx(3 / 5.0));
}

TEST_CASE("kNN purity: points of unknown type are not scored, and no one's like") {
  // Two groups of 6, far apart. The first: unknown, 4 of A, B; the second: all B, the last two of them spots.
  const LatentSpace space{rows_of(1, {0, 1, 2, 3, 4, 5, 100, 101, 102, 103}),
                          rows_of(1, {104, 105}),
                          {"NA", "A", "A", "A", "A", "B", "B", "B", "B", "B"},
                          {"B", "B"}};
  const auto purity = latent_scores(space, 1)["knn_purity"];
  CHECK(purity.size() == 2);
  CHECK(purity["5"].get<double>() == Approx((4 * 3 / 5.0 + 0 + 6 * 5 / 5.0) / 11));
  // The 5 nearest of the other group are added: all B for the first; 4 A and B, without the unknown, for the second.
  CHECK(purity["10"].get<double>() == Approx((4 * 3 / 10.0 + 5 / 10.0 + 6 * 6 / 10.0) / 11));
}

TEST_CASE("bASW: silhouettes of the sides within types, over known types alone") {
  // A: cells 0 and 2, spots 1 and 3: silhouettes 0, -1/2, -1/2, 0. B: cells 100 and 101, a spot 110: 9/10, 8/9, 0.
  const LatentSpace space{rows_of(1, {0, 2, 100, 101, 500, 501}),
                          rows_of(1, {1, 3, 110, 509}),
                          {"A", "A", "B", "B", "NA", "NA"},
                          {"A", "A", "B", "NA"}};
  const double a = (1 + 0.5 + 0.5 + 1) / 4, b = (0.1 + 1 / 9.0 + 1) / 3;
  CHECK(latent_scores(space, 1)["basw"].get<double>() == Approx((a + b) / 2));
}

TEST_CASE("types of spots from cells: accuracy, F1 and the most frequent type, without what is not known") {
  // 15 cells of A along (1, 0) and 15 of B along (0, 1), and 15 of unknown type right where the first spot is.
  LatentSpace space{Matrix<float>(45, 2), rows_of(2, {1, 0.1f, 0.1f, 1, 1, 0.2f, 1, 0, 0, 1, 1, 0.05f}), {}, {}};
  for (std::int64_t i = 0; i < 45; ++i) {
    space.cells(i, 0) = i < 15 ? 1.0f : i < 30 ? 0.01f : 2.0f;
    space.cells(i, 1) = i < 15 ? 0.01f : i < 30 ? 1.0f : 0.2f;
    space.cell_labels.push_back(i < 15 ? "A" : i < 30 ? "B" : "NA");
  }
  space.spot_labels = {"A", "B", "B", "None", "C", "A"};  // told: A, B, A, -, B, A; no cell is of C
  const auto scores = latent_scores(space, 1)["label_transfer"];
  CHECK((scores["n_spots"] == 5 && scores["n_spots_of_known"] == 4));
  CHECK(scores["accuracy"].get<double>() == Approx(3 / 5.0));
  CHECK(scores["accuracy_of_known"].get<double>() == Approx(3 / 4.0));
  CHECK(scores["most_frequent"].get<double>() == Approx(2 / 5.0));
  // A: 2 right of 2 spots and 3 told; B: 1 right of 2 and 2; C: none of 1.
  CHECK(scores["macro_f1"].get<double>() == Approx((4 / 5.0 + 2 / 4.0 + 0) / 3));
}

TEST_CASE("types and latents go together where spots and cells without counts were dropped") {
  stx::PairData pair = dcavae_pair::small_pair();
  const char* const names[] = {"A", "B", "NA", "A", "B"};
  stx::JobResult job;
  for (const bool cells : {true, false}) {
    stx::CountData& side = cells ? pair.sc : pair.st;
    const std::int64_t n = side.counts.rows;
    // In the file two more rows, of which nothing else is left: the first one and one in the middle.
    side.file.obs.index = Names(static_cast<std::size_t>(n + 2));
    Names types;
    for (std::int64_t i = 0; i < n + 2; ++i) types.push_back(names[i % 5]);
    side.file.obs.set("type", types);
    Matrix<float> latents(n, 2);
    for (std::int64_t i = 0; i < n; ++i) {
      const std::int64_t row = side.rows[static_cast<std::size_t>(i)] = i + 1 + (i >= 20);
      latents(i, types[static_cast<std::size_t>(row)] == "A" ? 0 : 1) = 1;
    }
    job.more[cells ? "latent cells" : "latent spots"] = latents;
  }
  Options o;
  o.label_column = o.spot_label_column = "type";
  const EvaluationPlan plan = plan_of(pair, "genes", 2, o, {});
  GenesEvaluation evaluation(pair, plan);
  evaluation.add_space(pair, plan.variants.front(), job);
  const auto scores = latent_scores(evaluation.space, 1);
  // Of the 92 spots of the file 18 are unknown, and of the dropped ones none: rows 0 and 21 are of A and B.
  CHECK(scores["label_transfer"]["n_spots"] == 72);
  CHECK(scores["label_transfer"]["accuracy"] == 1.0);
  CHECK(scores["label_transfer"]["macro_f1"] == 1.0);
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

TEST_CASE("tests of methods: model minus method, paired by gene, corrected for the number of methods") {
  // Differences .01 to .05; -.01 to -.05; .1, -.2, .3, -.4, .5; and the scores of `ahead` with two genes swapped.
  const auto json = method_tests(compared({{"dcavae", {.5, .6, .7, .8, .9}},
                                           {"ahead", {.49, .58, .67, .76, .85}},
                                           {"behind", {.51, .62, .73, .84, .95}},
                                           {"mixed", {.4, .8, .4, 1.2, .4}},
                                           {"swapped", {.85, .58, .67, .76, .49}}}));
  const auto& of = json["pcc"];
  CHECK(json.size() == 4);
  CHECK(of.size() == 4);
  CHECK(of["ahead"]["median_difference"].get<double>() == Approx(0.03));
  CHECK(of["behind"]["median_difference"].get<double>() == Approx(-0.03));
  CHECK(of["mixed"]["median_difference"].get<double>() == Approx(0.1));
  CHECK(of["swapped"]["median_difference"].get<double>() == Approx(0.03));
  // Of the 32 signs of the ranks 1 to 5: one has no rank +, 13 a sum of 9 or more, 7 one of 11 or more.
  CHECK(of["ahead"]["wilcoxon_p"].get<double>() == Approx(2 / 32.0));
  CHECK(of["behind"]["wilcoxon_p"].get<double>() == Approx(2 / 32.0));
  CHECK(of["mixed"]["wilcoxon_p"].get<double>() == Approx(2 * 13 / 32.0));
  CHECK(of["swapped"]["wilcoxon_p"].get<double>() == Approx(2 * 7 / 32.0));
  // p in ascending order times 4 / rank: .25, .125, 7 / 12, .8125; none may be above the next.
  CHECK(of["ahead"]["wilcoxon_p_corrected"].get<double>() == Approx(0.125));
  CHECK(of["behind"]["wilcoxon_p_corrected"].get<double>() == Approx(0.125));
  CHECK(of["swapped"]["wilcoxon_p_corrected"].get<double>() == Approx(7 / 12.0));
  CHECK(of["mixed"]["wilcoxon_p_corrected"].get<double>() == Approx(0.8125));
  // Unpaired, the swap changes nothing. U = 15 of 25 pairs: 2.5 above a half, with an SD of sqrt(25 * 11 / 12).
  const double p = std::erfc((2.5 - 0.5) / std::sqrt(25 * 11 / 12.0) / std::sqrt(2.0));
  for (const char* method : {"ahead", "swapped"}) CHECK(of[method]["mann_whitney_p"].get<double>() == Approx(p));
}

TEST_CASE("tests of methods: means over seeds; less is better for RMSE; null without any difference") {
  Evaluation e = compared({{"dcavae", {.4, .5, .6, .7, .8}}, {"other", {.49, .58, .67, .76, .85}}});
  for (std::size_t g = 0; g < 5; ++g) {
    e.scores("dcavae", 1)[g].pcc = .6 + .1 * static_cast<double>(g);  // with the first seed's: .5, .6, ...
    e.scores("other", 1)[g].pcc = e.scores("other", 0)[g].pcc;
    for (const std::size_t seed : {std::size_t{0}, std::size_t{1}}) {
      e.scores("dcavae", seed)[g].rmse = 1;
      e.scores("other", seed)[g].rmse = 2;
    }
  }
  const auto json = method_tests(e);
  CHECK(json["pcc"]["other"]["median_difference"].get<double>() == Approx(0.03));
  CHECK(json["pcc"]["other"]["wilcoxon_p"].get<double>() == Approx(2 / 32.0));
  CHECK(json["rmse"]["other"]["median_difference"] == -1.0);
  CHECK(json["rmse"]["other"]["wilcoxon_p"].get<double>() == Approx(2 / 32.0));
  CHECK(json["scc"]["other"]["median_difference"] == 0.0);
  CHECK((json["scc"]["other"]["wilcoxon_p"].is_null() && json["scc"]["other"]["wilcoxon_p_corrected"].is_null()));
}
