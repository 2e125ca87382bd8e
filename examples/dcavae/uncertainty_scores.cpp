#include "examples/dcavae/uncertainty_scores.hpp"

#include <numeric>

#include "examples/common/score_json.hpp"
#include "examples/dcavae/fold_prediction.hpp"

namespace stx::dcavae {

UncertaintyScores::UncertaintyScores(std::int64_t n_genes, const std::vector<double>& levels)
    : genes_(static_cast<std::size_t>(n_genes)) {
  for (const double level : levels) coverage_.push_back({.level = level});
}

void UncertaintyScores::add(const std::vector<std::int64_t>& genes, const Matrix<float>& truth,
                            const Matrix<float>& p_zero, const Predictive& predictive,
                            const std::vector<Intervals>& intervals, bool every_gene, int threads) {
  const std::vector<ZeroScores> zeros = score_zeros(truth, p_zero, threads);
  for (std::size_t j = 0; j < genes.size(); ++j) {
    const auto g = static_cast<std::int64_t>(j);
    GeneUncertainty u;
    u.auc = zeros[j].auc;
    if (every_gene || zeros[j].calibration.points.size() > 1) {
      u.slope = zeros[j].calibration.slope;
      u.intercept = zeros[j].calibration.intercept;
    }
    double sd = 0, error = 0, mean = 0;
    for (std::int64_t i = 0; i < truth.rows; ++i) {
      const double off = std::abs(double{truth(i, g)} - predictive.mean(i, g));
      sd += predictive.sd(i, g);
      mean += predictive.mean(i, g);
      error += off;
      p_zero_.push_back(p_zero(i, g));
      zero_.push_back(truth(i, g) == 0);
      sd_.push_back(predictive.sd(i, g));
      error_.push_back(static_cast<float>(off));
    }
    if (mean > 0) u.relative_sd = sd / mean, u.relative_error = error / mean;
    genes_[static_cast<std::size_t>(genes[j])].push_back(u);
  }
  for (std::size_t l = 0; l < intervals.size(); ++l) {
    const IntervalScores s = score_intervals(truth, intervals[l]);
    const auto n = static_cast<double>(s.closed.count);
    if (n == 0) continue;
    coverage_[l].closed += n * s.closed.share;
    coverage_[l].randomised += n * s.randomised;
    coverage_[l].width += n * s.closed.mean_width;
    coverage_[l].entries += n;
  }
}

GeneUncertainty UncertaintyScores::mean_of(std::int64_t gene) const {
  GeneUncertainty out;
  const auto& seeds = genes_[static_cast<std::size_t>(gene)];
  for (double GeneUncertainty::*value : {&GeneUncertainty::auc, &GeneUncertainty::slope, &GeneUncertainty::intercept,
                                         &GeneUncertainty::relative_sd, &GeneUncertainty::relative_error}) {
    std::vector<double> values;
    for (const GeneUncertainty& u : seeds) values.push_back(u.*value);
    out.*value = summarize(std::move(values)).mean;
  }
  return out;
}

nlohmann::ordered_json UncertaintyScores::metrics() const {
  const auto mean_over_genes = [&](double GeneUncertainty::*value) {
    std::vector<double> values;
    for (std::size_t g = 0; g < genes_.size(); ++g) values.push_back(mean_of(static_cast<std::int64_t>(g)).*value);
    return number(summarize(std::move(values)).mean);
  };
  nlohmann::ordered_json json;
  json["auc"] = mean_over_genes(&GeneUncertainty::auc);
  json["calibration"] = {{"slope", mean_over_genes(&GeneUncertainty::slope)},
                         {"intercept", mean_over_genes(&GeneUncertainty::intercept)}};
  for (const char* kind : {"coverage", "coverage_randomised", "interval_width"})
    json[kind] = nlohmann::ordered_json::object();
  for (const LevelCoverage& c : coverage_) {
    const std::string name = level_name(c.level);
    json["coverage"][name] = number(c.closed / c.entries);
    json["coverage_randomised"][name] = number(c.randomised / c.entries);
    json["interval_width"][name] = number(c.width / c.entries);
  }
  return json;
}

nlohmann::ordered_json UncertaintyScores::of_gene(std::int64_t gene) const {
  const GeneUncertainty u = mean_of(gene);
  return {{"auc", number(u.auc)}, {"calibration_slope", number(u.slope)},
          {"calibration_intercept", number(u.intercept)}, {"relative_sd", number(u.relative_sd)},
          {"relative_error", number(u.relative_error)}};
}

std::vector<CalibrationPoint> UncertaintyScores::zero_curve(int bins) const {
  return calibration_curve(p_zero_, zero_, bins).points;
}

std::vector<std::pair<double, double>> UncertaintyScores::error_by_sd(int classes) const {
  std::vector<std::int64_t> order(sd_.size());
  std::iota(order.begin(), order.end(), std::int64_t{0});
  std::sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) { return sd_[a] < sd_[b]; });
  std::vector<std::pair<double, double>> curve;
  const auto n = static_cast<std::int64_t>(order.size());
  for (std::int64_t c = 0; c < classes && n >= classes; ++c) {
    const std::int64_t first = c * n / classes, last = (c + 1) * n / classes;
    double sd = 0, error = 0;
    for (std::int64_t k = first; k < last; ++k) {
      sd += sd_[order[k]];
      error += error_[order[k]];
    }
    curve.emplace_back(sd / static_cast<double>(last - first), error / static_cast<double>(last - first));
  }
  return curve;
}

}  // namespace stx::dcavae
