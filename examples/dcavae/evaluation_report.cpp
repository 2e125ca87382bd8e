#include "examples/dcavae/evaluation_report.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "examples/common/cell_space.hpp"
#include "examples/common/clusters.hpp"
#include "examples/dcavae/fold_prediction.hpp"
#include "examples/dcavae/labels.hpp"
#include "examples/dcavae/latent_scores.hpp"
#include "examples/dcavae/position_report.hpp"
#include "examples/dcavae/report_tables.hpp"

namespace stx::dcavae {

namespace {

/// A number with three decimals; a dash for null.
std::string text_of(const nlohmann::ordered_json& v) {
  return v.is_null() ? std::string("-") : fmt::format("{:.3f}", v.get<double>());
}

/// A share in percent; a dash for null.
std::string percent_of(const nlohmann::ordered_json& v) {
  return v.is_null() ? std::string("-") : fmt::format("{:.1f}%", 100 * v.get<double>());
}

std::string transfer_line(const nlohmann::ordered_json& transfer) {
  return "types of spots from the nearest cells: " + percent_of(transfer["accuracy"]) + " right of " +
         transfer["n_spots"].dump() + " spots, macro F1 " + text_of(transfer["macro_f1"]) +
         " (the most frequent type alone: " + percent_of(transfer["most_frequent"]) + ")";
}

/// The latents of both sides under one another.
Matrix<float> stacked(const Matrix<float>& a, const Matrix<float>& b) {
  Matrix<float> out(a.rows + b.rows, a.cols);
  std::copy(a.values.begin(), a.values.end(), out.values.begin());
  std::copy(b.values.begin(), b.values.end(), out.values.begin() + static_cast<std::ptrdiff_t>(a.values.size()));
  return out;
}

/// `whose`: of which model the latents are.
void add_latent_maps(ReportExtras& report, const LatentSpace& space, const std::string& whose, int threads) {
  if (space.cells.rows + space.spots.rows < 3 || space.cells.cols < 2) return;
  const Matrix<double> plane = principal_plane(stacked(space.cells, space.spots), threads);
  const auto n_cells = static_cast<std::size_t>(space.cells.rows), n_spots = static_cast<std::size_t>(space.spots.rows);
  ReportScatter sides{"by side", plane, std::vector<std::int32_t>(n_cells, 0), {"single cells", "spots"}};
  sides.group.resize(n_cells + n_spots, 1);
  ReportScatters section{"latent",
                         "Shared latent space",
                         "Posterior means of single cells and spots on their two leading principal axes (" + whose +
                             "). Sides that lie on one another are integrated.",
                         {std::move(sides)}};
  if (!space.cell_labels.empty() || !space.spot_labels.empty()) {
    std::vector<std::string> cells = space.cell_labels, spots = space.spot_labels;
    cells.resize(n_cells);
    spots.resize(n_spots);
    cells.insert(cells.end(), spots.begin(), spots.end());
    ReportScatter types{"by type", plane, {}, {}};
    const GroupCodes codes = group_codes(cells);
    types.group = codes.codes;
    types.names = codes.names;
    section.scatters.push_back(std::move(types));
  }
  report.scatters.push_back(std::move(section));
}

void add_calibration(ReportExtras& report, const UncertaintyScores& scores) {
  ReportCalibration zeros{"Probability of a zero count", "stated probability", "share of zeros", {{"model", {}, {}}}};
  for (const CalibrationPoint& p : scores.zero_curve(10)) {
    zeros.curves[0].stated.push_back(p.predicted);
    zeros.curves[0].observed.push_back(p.observed);
  }
  ReportCalibration intervals{"Prediction intervals",
                              "level",
                              "coverage",
                              {{"smooth intervals (randomised)", {}, {}}, {"whole counts", {}, {}}}};
  for (const LevelCoverage& c : scores.coverage()) {
    for (auto& curve : intervals.curves) curve.stated.push_back(c.level);
    intervals.curves[0].observed.push_back(c.randomised / c.entries);
    intervals.curves[1].observed.push_back(c.closed / c.entries);
  }
  report.calibration = {std::move(zeros), std::move(intervals)};
  for (const auto& [sd, error] : scores.error_by_sd(20)) {
    report.uncertainty.sd.push_back(sd);
    report.uncertainty.error.push_back(error);
  }
}

/// The columns of the paper's tables of ablations, and coverage: a line for the model and for each variant.
void add_variant_lines(EvaluationExtras& extras, const GenesEvaluation& evaluation) {
  if (evaluation.uncertainty.size() < 2) return;
  std::size_t width = 10;
  for (const auto& [name, scores] : evaluation.uncertainty) width = std::max(width, name.size() + 1);
  extras.lines.push_back(fmt::format("{:<{}}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}{:>10}{:>9}", "on counts", width, "pcc",
                                     "scc", "kendall", "rmse", "AUC", "slope", "intercept", "in 90%"));
  for (const std::string& name : evaluation.log.order) {
    if (evaluation.uncertainty.count(name) == 0) continue;
    const bool model = name == evaluation.log.order.front();
    const auto& counts = model ? extras.json["counts"]["metrics"] : extras.json["counts"]["baselines"][name];
    const auto& stated = model ? extras.json["metrics"] : extras.json["ablations"][name];
    std::string line = fmt::format("{:<{}}", name, width);
    for (const char* score : {"pcc", "scc", "kendall", "rmse"})
      line += fmt::format("{:>9}", text_of(counts[score]["mean"]));
    line += fmt::format("{:>9}{:>9}{:>10}{:>9}", text_of(stated["auc"]), text_of(stated["calibration"]["slope"]),
                        text_of(stated["calibration"]["intercept"]), text_of(stated["coverage"]["90"]));
    extras.lines.push_back(std::move(line));
  }
}

std::string mixing_line(const nlohmann::ordered_json& mixing) {
  return "shared latent space: the other side among neighbours, of what chance gives: cells " +
         text_of(mixing["cells"]) + ", spots " + text_of(mixing["spots"]);
}

void add_places(EvaluationExtras& extras, const GenesEvaluation& evaluation, const Matrix<double>& coordinates,
                int threads) {
  const std::string& model = evaluation.log.order.front();
  for (const auto& [name, places] : evaluation.places) {
    nlohmann::ordered_json json = positions_json(places, coordinates, evaluation.space, threads);
    std::string line = fmt::format(
        "places of spots ({}): median error {:.3g} of held-out spots, {:.2f} of their spread (the "
        "centre: {:.3g}); {:.0f}% of cells outside the tissue",
        name, places.errors.test_distance.median, places.errors.test_distance.median / places.errors.scale,
        places.errors.centre_distance, 100 * json["cells_outside"].get<double>());
    if (json.contains("purity") && json["purity"].contains("10") && json["purity"]["10"]["all"].is_number())
      line += fmt::format("; purity of cells' places {:.3f}", json["purity"]["10"]["all"].get<double>());
    extras.lines.push_back(std::move(line));
    (name == model ? extras.json["positions"] : extras.json["ablations"][name]["positions"]) = std::move(json);
    if (name == model)
      extras.report.scatters.push_back(position_maps(coordinates, places.spots, places.cells, evaluation.space));
  }
}

}  // namespace

GroupCodes group_codes(const std::vector<std::string>& labels) {
  GroupCodes out;
  for (const std::string& label : labels)
    if (!is_unknown_label(label)) out.names.push_back(label);
  std::sort(out.names.begin(), out.names.end());
  out.names.erase(std::unique(out.names.begin(), out.names.end()), out.names.end());
  for (const std::string& label : labels) {
    const auto found = std::lower_bound(out.names.begin(), out.names.end(), label);
    out.codes.push_back(
        found != out.names.end() && *found == label ? static_cast<std::int32_t>(found - out.names.begin()) : -1);
  }
  return out;
}

EvaluationExtras evaluation_extras(const GenesEvaluation& evaluation, const Matrix<double>& coordinates, int threads) {
  EvaluationExtras extras;
  extras.json = evaluation.extra_json();
  extras.json["metrics"].update(latent_scores(evaluation.space, threads));
  const UncertaintyScores& scores = evaluation.uncertainty.at(evaluation.log.order.front());
  std::string coverage;
  for (const LevelCoverage& c : scores.coverage())
    coverage += fmt::format("  {}%: {:.1f}% ({:.1f}% randomised)", level_name(c.level), 100 * c.closed / c.entries,
                            100 * c.randomised / c.entries);
  extras.lines.push_back("coverage of intervals:" + coverage);
  const auto& metrics = extras.json["metrics"];
  const auto& of_genes = metrics["gene_coverage"][level_name(gene_level)];
  extras.lines.push_back("coverage of single genes at " + level_name(gene_level) + "%: median " +
                         percent_of(of_genes["50"]) + ", of 5% of them below " + percent_of(of_genes["5"]) +
                         ", of 5% above " + percent_of(of_genes["95"]));
  extras.lines.push_back("zeros: AUC " + text_of(metrics["auc"]) + ", calibration slope " +
                         text_of(metrics["calibration"]["slope"]) + ", intercept " +
                         text_of(metrics["calibration"]["intercept"]) + " (means over the " +
                         metrics["calibration"]["genes"].dump() + " genes with zeros and other counts)");
  extras.lines.push_back(mixing_line(metrics["mixing"]));
  if (metrics.contains("label_transfer")) extras.lines.push_back(transfer_line(metrics["label_transfer"]));
  for (const auto& [method, test] : extras.json["tests"]["pcc"].items())
    extras.lines.push_back("PCC against " + method + ": median difference " + text_of(test["median_difference"]) +
                           ", paired Wilcoxon p " + p_value_text(test["wilcoxon_p_corrected"]) + ", Mann-Whitney p " +
                           p_value_text(test["mann_whitney_p_corrected"]) + " (corrected)");
  add_variant_lines(extras, evaluation);
  add_calibration(extras.report, scores);
  add_latent_maps(extras.report, evaluation.space, "first fold", threads);
  add_places(extras, evaluation, coordinates, threads);
  add_tables(extras, evaluation.log.order.front());
  return extras;
}

EvaluationExtras unscored_extras(const GenesEvaluation& evaluation, const Matrix<double>& coordinates, int threads) {
  EvaluationExtras extras;
  extras.json["interval_corrected"] = false;
  if (evaluation.space.cells.rows > 0) extras.json["metrics"] = latent_scores(evaluation.space, threads);
  add_latent_maps(extras.report, evaluation.space, "the model that is kept", threads);
  for (const auto& [name, places] : evaluation.places) {
    extras.json["positions"] = positions_json(places, coordinates, evaluation.space, threads);
    extras.report.scatters.push_back(position_maps(coordinates, places.spots, places.cells, evaluation.space));
  }
  return extras;
}

}  // namespace stx::dcavae
