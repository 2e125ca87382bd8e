#include "examples/dcavae/report_tables.hpp"

#include "examples/common/report_html.hpp"
#include "examples/dcavae/fold_prediction.hpp"
#include "examples/dcavae/uncertainty_scores.hpp"

namespace stx::dcavae {

namespace {

using Json = nlohmann::ordered_json;

/// The number at a path of keys, with three decimals; a dash where there is none.
std::string at(const Json& json, std::initializer_list<const char*> path) {
  const Json* here = &json;
  for (const char* key : path) {
    if (!here->is_object() || !here->contains(key)) return "\u2013";
    here = &(*here)[key];
  }
  return here->is_number() ? format_number(here->get<double>(), 3) : "\u2013";
}

ReportTable uncertainty_table(const Json& json, const std::string& model) {
  ReportTable table{
      "stated",
      "Zeros, intervals, shared space, places",
      "AUC, slope and intercept of the probability of a zero count, means over genes with zeros and other "
      "counts; share of held-out entries within their intervals; of the model also purity of the 10 "
      "nearest neighbours and batch-adjusted silhouette of the latents, and the share of spots whose "
      "type the nearest cells tell rightly; median error of held-out spots' places in standard "
      "deviations of the coordinates, and purity of single cells' places (10 nearest spots).",
      {"Method", "AUC", "slope", "intercept", "50%", "80%", "90%", "95%", "kNN purity", "bASW", "types right",
       "place error", "place purity"},
      {},
      true};
  const auto add = [&](const std::string& name, const Json& metrics, const Json& places) {
    std::vector<std::string> row = {name, at(metrics, {"auc"}), at(metrics, {"calibration", "slope"}),
                                    at(metrics, {"calibration", "intercept"})};
    for (const char* level : {"50", "80", "90", "95"}) row.push_back(at(metrics, {"coverage", level}));
    row.push_back(at(metrics, {"knn_purity", "10"}));
    row.push_back(at(metrics, {"basw"}));
    row.push_back(at(metrics, {"label_transfer", "accuracy"}));
    const bool placed = places.contains("scale") && places["test_distance_median"].is_number();
    row.push_back(placed
                      ? format_number(places["test_distance_median"].get<double>() / places["scale"].get<double>(), 3)
                      : std::string("\u2013"));
    row.push_back(at(places, {"purity", "10", "all"}));
    table.rows.push_back(std::move(row));
  };
  const auto places_of = [](const Json& of) { return of.contains("positions") ? of["positions"] : Json::object(); };
  add(model, json["metrics"], places_of(json));
  if (json.contains("ablations"))
    for (const auto& [name, metrics] : json["ablations"].items()) add(name, metrics, places_of(metrics));
  return table;
}

/// Coverage gene by gene: pooled coverage may meet the level while single genes lie far off.
ReportTable gene_coverage_table(const Json& json, const std::string& model) {
  const std::string level = level_name(gene_level);
  ReportTable table{
      "gene-coverage",
      "Coverage of single genes at " + level + "%",
      "Share of a held-out gene's entries within their intervals at " + level +
          "%: mean and quantiles over "
          "genes. Whole counts: of genes that are mostly zero the interval often is the zero alone and covers "
          "more than its level; smooth intervals (randomised) can meet it for any gene. Further genes: "
          "randomised, by corrections from all other held-out genes, which is what genes that were never "
          "measured get.",
      {"Intervals", "genes", "mean", "5%", "25%", "50%", "75%", "95%"},
      {},
      true};
  const auto add = [&](const std::string& name, const Json& of) {
    std::vector<std::string> row = {name, of["genes"].dump()};
    for (const char* what : {"mean", "5", "25", "50", "75", "95"}) row.push_back(at(of, {what}));
    table.rows.push_back(std::move(row));
  };
  add(model, json["metrics"]["gene_coverage"][level]);
  add(model + ", randomised", json["metrics"]["gene_coverage_randomised"][level]);
  const Json& seeds = json["uncertainty_per_seed"];
  for (std::size_t s = 0; seeds.size() > 1 && s < seeds.size(); ++s)
    add(model + ", repeat " + std::to_string(s + 1), seeds[s]["gene_coverage"][level]);
  if (json["metrics"].contains("further_gene_coverage"))
    add("further genes, randomised", json["metrics"]["further_gene_coverage"][level]);
  if (json.contains("ablations"))
    for (const auto& [name, metrics] : json["ablations"].items())
      if (metrics.contains("gene_coverage")) add(name, metrics["gene_coverage"][level]);
  return table;
}

ReportTable counts_table(const Json& counts, const std::string& model) {
  ReportTable table{
      "counts",
      "Scores on counts",
      "Expected against measured counts, means over genes; methods that predict log-normalised expression "
      "are put back to the spot's depth.",
      {"Method", "PCC", "Spearman", "Kendall", "RMSE"},
      {},
      true};
  const auto add = [&](const std::string& name, const Json& scores) {
    std::vector<std::string> row = {name};
    for (const char* score : {"pcc", "scc", "kendall", "rmse"}) row.push_back(at(scores, {score, "mean"}));
    table.rows.push_back(std::move(row));
  };
  add(model, counts["metrics"]);
  for (const auto& [name, scores] : counts["baselines"].items()) add(name, scores);
  return table;
}

ReportTable test_table(const Json& tests) {
  ReportTable table{"tests",
                    "Against the other methods",
                    "Median over genes of the model's score minus the method's, and p-values of Wilcoxon's signed-rank "
                    "test (paired by gene) and of the Mann-Whitney test, two-sided, corrected for the number of "
                    "methods (Benjamini-Hochberg).",
                    {"Method"},
                    {}};
  const std::pair<const char*, const char*> scores[] = {
      {"pcc", "PCC"}, {"scc", "Spearman"}, {"kendall", "Kendall"}, {"rmse", "RMSE"}};
  for (const auto& [key, title] : scores)
    for (const char* what : {"", " p, paired", " p, unpaired"}) table.columns.push_back(std::string(title) + what);
  for (const auto& [method, first] : tests["pcc"].items()) {
    std::vector<std::string> row = {method};
    for (const auto& [key, title] : scores) {
      const Json& test = tests[key][method];
      row.push_back(at(test, {"median_difference"}));
      for (const char* p : {"wilcoxon_p_corrected", "mann_whitney_p_corrected"}) row.push_back(p_value_text(test[p]));
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace

std::string p_value_text(const Json& p) {
  if (!p.is_number()) return "-";
  const double value = p.get<double>();
  char text[32];
  std::snprintf(text, sizeof text, value < 1e-3 ? "%.0e" : "%.3f", value);
  return text;
}

void add_tables(EvaluationExtras& extras, const std::string& model) {
  extras.report.tables.push_back(counts_table(extras.json["counts"], model));
  extras.report.tables.push_back(uncertainty_table(extras.json, model));
  extras.report.tables.push_back(gene_coverage_table(extras.json, model));
  if (!extras.json["tests"]["pcc"].empty()) extras.report.tables.push_back(test_table(extras.json["tests"]));
}

}  // namespace stx::dcavae
