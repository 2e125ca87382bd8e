#include "examples/dcavae/evaluation_parts.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <numeric>

#include "examples/common/clusters.hpp"
#include "examples/common/dense_log1p.hpp"
#include "examples/common/score_json.hpp"
#include "examples/dcavae/fold_intervals.hpp"
#include "examples/dcavae/fold_prediction.hpp"
#include "examples/dcavae/method_tests.hpp"
#include "examples/dcavae/position_split.hpp"
#include "examples/dcavae/read_options.hpp"
#include "examples/dcavae/task.hpp"
#include "stx/data/csr_select.hpp"
#include "stx/data/exact_copies.hpp"
#include "stx/data/folds.hpp"
#include "stx/data/preprocess.hpp"

namespace stx::dcavae {

std::vector<Variant> variants_of(const Options& options, const VariantChoice& choice) {
  std::vector<Variant> variants{{"dcavae", options}};
  const auto add = [&](const char* name, auto&& change) {
    Options changed = options;
    change(changed);
    if (options_json(changed) != options_json(options)) variants.push_back({name, changed});
  };
  if (choice.paper) {
    add("no_cross", [](Options& o) { o.cross_attention = false; });
    add("random", [](Options& o) { o.random_pairs = true; });
    add("tau_0.5", [](Options& o) { o.tau = 0.5; });
    add("tau_1", [](Options& o) { o.tau = 1; });
    add("tau_2", [](Options& o) { o.tau = 2; });
    if (choice.positions) add("joint_positions", [](Options& o) { o.joint_positions = true; });
  }
  if (choice.mends) {
    add("frozen_batches", [](Options& o) { o.reshuffle = false; });
    add("unaligned_keys", [](Options& o) { o.pairing = "other_keys"; });
    add("unaligned_pairs", [](Options& o) { o.pairing = "independent"; });
    add("contrast_r1", [](Options& o) { o.contrast = "r1"; });
    add("contrast_r2", [](Options& o) { o.contrast = "r2"; });
    add("contrast_global", [](Options& o) { o.contrast = "global"; });
    add("shared_norm", [](Options& o) { o.norm = "shared_batch"; });
    add("batch_norm", [](Options& o) { o.norm = "batch"; });
    add("shared_attention", [](Options& o) { o.attention = "shared"; });
    add("free_dispersion", [](Options& o) { o.dispersion = "free"; });
    add("unmasked_cells", [](Options& o) { o.mask_cell_encoder = false; });
    add("sampled_keys", [](Options& o) { o.keys = "sampled"; });
    add("whole_depth", [](Options& o) { o.cell_depth = 1; });
    add("sharp_draws", [](Options& o) { o.kappa = 0; });
    add("one_pass", [](Options& o) { o.epoch_iterations = 1; });
    add("plug_in", [](Options& o) { o.log_scale = "plug_in"; });
  }
  return variants;
}

EvaluationPlan plan_of(const PairData& pair, const std::string& protocol, int n_folds, const Options& options,
                       VariantChoice choice) {
  EvaluationPlan plan;
  choice.positions = why_not_placed(pair.coordinates).empty();
  plan.protocol = protocol;
  if (protocol != "paper") {
    plan.variants = variants_of(options, choice);
    plan.folds = k_folds(pair.n_shared(), n_folds, 0);
    plan.note =
        "Held-out genes never enter the spatial data: not in totals, loss, selection, similarity or scaling. "
        "Scores are on log-normalised expression; `counts` holds those on counts.";
  } else {
    Options last_epoch = options;
    last_epoch.validation_genes = 0;
    plan.variants = variants_of(last_epoch, choice);
    std::vector<std::int64_t> by_name(pair.shared.size());
    std::iota(by_name.begin(), by_name.end(), std::int64_t{0});
    const auto lower = [&](std::int64_t g) {
      std::string name = pair.shared[g];
      for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      return name;
    };
    std::stable_sort(by_name.begin(), by_name.end(),
                     [&](std::int64_t a, std::int64_t b) { return lower(a) < lower(b); });
    const std::vector<std::int64_t> order = NumpyRandomState(0).permutation(pair.n_shared());
    std::vector<std::int64_t> test;
    for (auto i = static_cast<std::size_t>(0.8 * static_cast<double>(order.size())); i < order.size(); ++i)
      test.push_back(by_name[order[i]]);
    plan.folds = {test};
    plan.note = "The published code's protocol: a single split of the genes, the last epoch, no validation genes.";
  }
  for (auto& fold : plan.folds) std::sort(fold.begin(), fold.end());
  return plan;
}

FoldTruth fold_truth(const PairData& pair, const std::vector<std::int64_t>& test, const std::vector<std::int64_t>& rows,
                     bool rounded) {
  CsrMatrix<float> panel = select_columns<float>(pair.st.counts, pair.shared_st);
  if (rounded)
    for (float& v : panel.values) v = std::round(v);
  FoldTruth truth;
  truth.counts = to_dense(select_rows<float>(select_columns<float>(panel, test), rows));
  truth.logs = dense_log1p(panel, rows, test, row_totals(panel));
  const std::vector<double> measured = row_totals(panel, complement(pair.n_shared(), test));
  for (const std::int64_t row : rows) truth.totals.push_back(measured[row]);
  return truth;
}

GenesEvaluation::GenesEvaluation(const PairData& pair, const EvaluationPlan& plan)
    : log(plan.protocol), counts(plan.protocol), place_(pair.shared.size(), -1) {
  for (const auto& fold : plan.folds)
    for (const std::int64_t g : fold) place_[g] = 0;
  std::int64_t n = 0;
  for (std::size_t g = 0; g < place_.size(); ++g) {
    if (place_[g] < 0) continue;
    place_[g] = n++;
    log.genes.push_back(pair.shared[g]);
  }
  log.fold.assign(log.genes.size(), -1);
  for (std::size_t f = 0; f < plan.folds.size(); ++f)
    for (const std::int64_t g : plan.folds[f]) log.fold[place_[g]] = static_cast<int>(f);
  const std::vector<double> totals = row_totals(pair.st.counts, pair.shared_st);
  for (std::int64_t i = 0; i < pair.st.counts.rows; ++i)
    if (totals[i] > 0) rows.push_back(i);
  not_corrected = why_not_corrected(plan.folds, std::ssize(rows), usual_levels());
  log.note = plan.note + (not_corrected.empty()
                              ? " Intervals of a fold are corrected by the held-out genes of the other folds."
                              : " Intervals are not corrected: " + not_corrected + ".");
  log.counts["n_spots"] = pair.st.counts.rows;
  log.counts["n_scored_spots"] = static_cast<std::int64_t>(rows.size());
  log.counts["n_copied_spots"] =
      group_exact_copies(pair.st.counts, pair.coordinates.rows > 0 ? &pair.coordinates : nullptr).n_copied;
  counts.genes = log.genes;
  counts.counts = log.counts;
  const nlohmann::ordered_json own = options_json(plan.variants.front().options);
  for (const Variant& variant : plan.variants) {
    const nlohmann::ordered_json settings = options_json(variant.options);
    for (const auto& [key, value] : settings.items())
      if (own[key] != value) changed[variant.name][key] = value;
  }
}

std::vector<std::int64_t> GenesEvaluation::scored(const std::vector<std::int64_t>& genes) const {
  std::vector<std::int64_t> places;
  for (const std::int64_t g : genes) places.push_back(place_[g]);
  return places;
}

void GenesEvaluation::add_counts(const std::string& method, std::size_t seed, const std::vector<std::int64_t>& test,
                                 const FoldTruth& truth, const Matrix<float>& expected,
                                 const Matrix<float>& expected_logs, int threads) {
  counts.add(method, seed, rows, scored(test), truth.counts, expected, threads);
  log.add(method, seed, rows, scored(test), truth.logs, expected_logs, threads);
}

void GenesEvaluation::add_logs(const std::string& method, std::size_t seed, const std::vector<std::int64_t>& test,
                               const FoldTruth& truth, Matrix<float> predicted, int threads) {
  log.add(method, seed, rows, scored(test), truth.logs, predicted, threads);
  for (std::int64_t i = 0; i < predicted.rows; ++i)
    for (float& v : predicted.row(i)) v = std::expm1(std::max(v, 0.0f)) * static_cast<float>(truth.totals[i] / 1e4);
  counts.add(method, seed, rows, scored(test), truth.counts, predicted, threads);
}

void GenesEvaluation::repeat_scores(std::size_t seed, const std::vector<std::int64_t>& test) {
  for (Evaluation* scale : {&log, &counts})
    for (const char* name : {"ridge", "knn", "naive", "mean"}) {
      if (scale->methods.find(name) == scale->methods.end()) continue;
      for (const std::int64_t g : scored(test)) scale->scores(name, seed)[g] = scale->scores(name, 0)[g];
    }
}

void GenesEvaluation::add_uncertainty(const PairData& pair, const EvaluationPlan& plan, const std::string& variant,
                                      std::size_t seed, const std::vector<const JobResult*>& folds, int threads) {
  const std::vector<double> levels = usual_levels();
  const auto found = uncertainty.try_emplace(variant, static_cast<std::int64_t>(log.genes.size()), levels).first;
  std::vector<HeldOutFold> held_out;
  for (std::size_t f = 0; f < folds.size(); ++f)
    held_out.push_back(
        {kept_predictive(*folds[f], levels), fold_truth(pair, plan.folds[f], rows, plan.rounded()).counts});
  const bool taught = not_corrected.empty();
  for (std::size_t f = 0; f < folds.size(); ++f) {
    const HeldOutFold& fold = held_out[f];
    const std::vector<Correction> learned =
        taught ? taught_without(held_out, f, levels, plan.seeds.front()).learn() : uncorrected(levels);
    found->second.add(seed, scored(plan.folds[f]), fold.truth, folds[f]->more.at("p_zero"), fold.predictive,
                      make_intervals(fold.predictive, learned), threads);
  }
  if (!corrections.empty() || variant != log.order.front()) return;
  corrections = uncorrected(levels);
  if (!taught) return;
  const ConformalCorrections all = taught_without(held_out, folds.size(), levels, plan.seeds.front());
  corrections = all.learn();
  const auto at = std::find(levels.begin(), levels.end(), gene_level) - levels.begin();
  further_genes = all.gene_coverage(static_cast<std::size_t>(at));
}

LatentSpace latent_space(const PairData& pair, const Options& options, Matrix<float> cells, Matrix<float> spots) {
  LatentSpace space{std::move(cells), std::move(spots), {}, {}};
  if (!options.label_column.empty()) space.cell_labels = row_labels(pair.sc, options.label_column, "single-cell");
  if (!options.spot_label_column.empty()) space.spot_labels = row_labels(pair.st, options.spot_label_column, "spatial");
  return space;
}

void GenesEvaluation::add_space(const PairData& pair, const Variant& variant, const JobResult& job) {
  if (auto kept = kept_places(job)) places[variant.name] = std::move(*kept);
  if (variant.name != "dcavae") return;
  space = latent_space(pair, variant.options, job.more.at("latent cells"), job.more.at("latent spots"));
}

nlohmann::ordered_json GenesEvaluation::extra_json() const {
  const std::string& model = log.order.front();
  nlohmann::ordered_json json;
  json["metrics"] = uncertainty.at(model).metrics();
  json["interval_corrected"] = is_corrected(corrections);
  if (!further_genes.empty())
    json["metrics"]["further_gene_coverage"] = {{level_name(gene_level), quantiles_json(further_genes)}};
  json["uncertainty_per_seed"] = nlohmann::ordered_json::array();
  for (std::size_t s = 0; s < uncertainty.at(model).n_seeds(); ++s)
    json["uncertainty_per_seed"].push_back(uncertainty.at(model).metrics(s));
  json["counts"] = {{"metrics", nlohmann::ordered_json::object()}, {"baselines", nlohmann::ordered_json::object()}};
  for (const std::string& method : counts.order)
    (method == model ? json["counts"]["metrics"] : json["counts"]["baselines"][method]) =
        summary_json(counts.methods.at(method).mean());
  for (const auto& [name, scores] : uncertainty)
    if (name != model) {
      json["ablations"][name] = {{"changed", changed.at(name)}};
      json["ablations"][name].update(scores.metrics());
    }
  json["tests"] = method_tests(log);
  json["uncertainty_per_gene"] = nlohmann::ordered_json::array();
  for (std::size_t g = 0; g < log.genes.size(); ++g) {
    nlohmann::ordered_json row = {{"gene", log.genes[g]}};
    row.update(uncertainty.at(model).of_gene(static_cast<std::int64_t>(g)));
    json["uncertainty_per_gene"].push_back(row);
  }
  return json;
}

}  // namespace stx::dcavae
