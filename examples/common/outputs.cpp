#include "examples/common/outputs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>

#include "examples/common/build_commit.hpp"
#include "examples/common/report.hpp"
#include "examples/common/score_json.hpp"
#include "stx/metrics/attention.hpp"
#include "stx/version.hpp"

namespace stx {

double peak_rss_mb() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.rfind("VmHWM:", 0) == 0) return std::stod(line.substr(6)) / 1024.0;
  return std::numeric_limits<double>::quiet_NaN();
}

double seconds_per_epoch(const Evaluation& e) {
  std::vector<double> seconds;
  for (const TrainingCurve& curve : e.curves)
    for (const EpochRecord& epoch : curve.epochs) seconds.push_back(epoch.train_seconds);
  return summarize(seconds).median;
}

nlohmann::ordered_json evaluation_json(const Evaluation& e, const PairData& pair, const RunFacts& run) {
  nlohmann::ordered_json json;
  json["stx"] = version_string;
  json["commit"] = build_commit();
  json["model"] = run.model;
  json["command"] = run.command;
  json["protocol"] = e.protocol;
  json["note"] = e.note;
  json["data"] = {{"st", run.st},
                  {"sc", run.sc},
                  {"n_spots", pair.st.counts.rows},
                  {"n_cells", pair.sc.counts.rows},
                  {"n_shared_genes", pair.n_shared()},
                  {"n_scored_genes", e.genes.size()}};
  for (const auto& [name, value] : e.counts) json["data"][name] = value;
  json["data"]["notes"] = pair.notes;
  json["config"] = run.config;
  json["device"] = {{"kind", run.device}, {"name", run.device_name}, {"threads", run.threads}};
  json["seed"] = run.seed;
  json["seconds"] = {{"load", run.load_seconds},
                     {"prepare", run.prepare_seconds},
                     {"train", e.train_seconds},
                     {"predict", e.predict_seconds},
                     {"total", run.total_seconds}};
  json["epochs_run"] = nlohmann::ordered_json::array();
  json["best_epochs"] = nlohmann::ordered_json::array();
  for (const TrainingCurve& curve : e.curves) {
    json["epochs_run"].push_back(curve.epochs.size());
    json["best_epochs"].push_back(curve.best_epoch + 1);
  }
  json["seconds_per_epoch"] = number(seconds_per_epoch(e));
  json["peak_rss_mb"] = number(peak_rss_mb());
  if (e.order.empty()) return json;
  const std::vector<GeneScores> model = e.methods.at(e.order.front()).mean();
  json["metrics"] = summary_json(model);
  json["metrics_per_seed"] = nlohmann::ordered_json::array();
  for (const auto& seed : e.methods.at(e.order.front()).per_seed)
    json["metrics_per_seed"].push_back(summary_json(seed));
  if (e.attention.rows > 0) {
    const AttentionScores a = score_attention(e.attention);
    json["attention"] = {
        {"n_tokens", e.attention.cols},
        {"entropy", {{"mean", number(a.entropy_summary.mean)}, {"sd", number(a.entropy_summary.sd)}}},
        {"top2_gap", {{"mean", number(a.top2_gap_summary.mean)}, {"sd", number(a.top2_gap_summary.sd)}}}};
  }
  json["per_gene"] = nlohmann::ordered_json::array();
  for (std::size_t g = 0; g < e.genes.size(); ++g) {
    nlohmann::ordered_json row = {{"gene", e.genes[g]}, {"fold", e.fold[g]}};
    add_scores(row, model[g]);
    json["per_gene"].push_back(row);
  }
  json["baselines"] = nlohmann::ordered_json::object();
  for (std::size_t m = 1; m < e.order.size(); ++m)
    json["baselines"][e.order[m]] = summary_json(e.methods.at(e.order[m]).mean());
  return json;
}

Evaluation unscored(const JobResult& training) {
  Evaluation e("none");
  e.note = "no gene was held out, so nothing is known of the accuracy";
  e.curves.push_back({"fit", training.epochs, training.best_epoch});
  e.train_seconds = training.train_seconds();
  return e;
}

std::string score_table(const Evaluation& e) {
  if (e.order.empty()) return {};
  std::size_t width = 10;
  for (const std::string& method : e.order) width = std::max(width, method.size() + 1);
  std::string text = fmt::format("{:<{}}", "method", width);
  for (const ScoreColumn& column : score_columns) text += fmt::format("{:>9}", column.name);
  text += "\n";
  for (const std::string& method : e.order) {
    const std::vector<GeneScores> scores = e.methods.at(method).mean();
    text += fmt::format("{:<{}}", method, width);
    for (const ScoreColumn& column : score_columns)
      text += fmt::format("{:>9.3f}", summarize(scores, column.value).mean);
    text += "\n";
  }
  return text;
}

Report evaluation_report(const Evaluation& e, const PairData& pair, const RunFacts& run) {
  Report report;
  report.title = run.model + ": " + (e.order.empty() ? run.command : e.protocol);
  report.subtitle = e.note;
  report.notes = pair.notes;
  report.facts = {{"spatial data", run.st},
                  {"single cells", run.sc},
                  {"spots", std::to_string(pair.st.counts.rows)},
                  {"cells", std::to_string(pair.sc.counts.rows)},
                  {"shared genes", std::to_string(pair.n_shared())},
                  {"device", run.device + " (" + run.device_name + "), " + std::to_string(run.threads) + " threads"},
                  {"seed", std::to_string(run.seed)},
                  {"seconds", fmt::format("{:.1f} in all, {:.1f} training", run.total_seconds, e.train_seconds)},
                  {"peak memory", fmt::format("{:.0f} MiB", peak_rss_mb())},
                  {"stx", std::string(version_string) + ", commit " + build_commit()},
                  {"settings", run.config.dump()}};
  for (const auto& [name, value] : e.counts) report.facts.push_back({name, std::to_string(value)});
  report.genes = e.genes;
  for (const std::string& method : e.order) report.rows.push_back({method, "", e.methods.at(method).mean()});
  if (pair.coordinates.cols >= 2 && e.genes.size() >= 3) {
    const MethodScores& model = e.methods.at(e.order.front());
    // Maps show the spots that every gene of the first seed is scored on.
    std::vector<std::int64_t> scored;
    for (std::int64_t i = 0; i < e.truth.rows; ++i) {
      const auto row = e.truth.row(i);
      if (std::none_of(row.begin(), row.end(), [](float v) { return std::isnan(v); })) scored.push_back(i);
    }
    const auto rows_of = [&](const Matrix<float>& m) {
      Matrix<float> out(static_cast<std::int64_t>(scored.size()), m.cols);
      for (std::int64_t i = 0; i < out.rows; ++i) std::copy_n(m.row(scored[i]).begin(), m.cols, out.row(i).begin());
      return out;
    };
    report.coordinates = Matrix<double>(static_cast<std::int64_t>(scored.size()), 2);
    for (std::int64_t i = 0; i < report.coordinates.rows; ++i)
      for (int k = 0; k < 2; ++k) report.coordinates(i, k) = pair.coordinates(scored[i], k);
    report.maps = choose_maps(e.genes, model.mean(), rows_of(e.truth), rows_of(model.prediction));
  }
  if (e.attention.rows > 0) {
    const AttentionScores a = score_attention(e.attention);
    report.attention.clusters = e.tokens;
    report.attention.groups = {"all spots"};
    report.attention.weights = Matrix<float>(1, e.attention.cols);
    for (std::int64_t k = 0; k < e.attention.cols; ++k) {
      double sum = 0;
      for (std::int64_t i = 0; i < e.attention.rows; ++i) sum += e.attention(i, k);
      report.attention.weights(0, k) = static_cast<float>(sum / static_cast<double>(e.attention.rows));
    }
    report.attention.entropy = a.entropy_summary;
    report.attention.top2_gap = a.top2_gap_summary;
  }
  for (const TrainingCurve& curve : e.curves) {
    LossCurve out{curve.name, {}, {}, static_cast<int>(curve.best_epoch + 1)};
    for (const EpochRecord& epoch : curve.epochs) out.training.push_back(epoch.loss);
    report.losses.push_back(std::move(out));
  }
  return report;
}

void write_evaluation(const EvaluationFiles& files, Evaluation& evaluation, PairData& pair, const RunFacts& facts,
                      const EvaluationExtras& extras) {
  if (const auto copied = evaluation.counts.find("n_copied_spots");
      copied != evaluation.counts.end() && copied->second > 0)
    pair.notes.push_back(
        detail::concat(copied->second, " of ", pair.st.counts.rows, " spots have an exact copy among the spots"));
  std::fputs(score_table(evaluation).c_str(), stdout);
  for (const std::string& line : extras.lines) std::printf("%s\n", line.c_str());
  if (!files.json.empty()) {
    nlohmann::ordered_json json = evaluation_json(evaluation, pair, facts);
    json.update(extras.json, true);
    write_text_atomically(files.json, json.dump(1) + "\n");
  }
  if (!files.report.empty()) {
    Report report = evaluation_report(evaluation, pair, facts);
    report.extras = extras.report;
    write_report(files.report, report);
    std::printf("report: %s\n", files.report.c_str());
  }
}

}  // namespace stx
