#include "examples/dcavae/uncertainty_scores.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "examples/common/score_json.hpp"
#include "examples/dcavae/fold_prediction.hpp"

namespace stx::dcavae {

namespace {

constexpr double GeneUncertainty::*all_values[] = {
    &GeneUncertainty::auc,         &GeneUncertainty::slope,          &GeneUncertainty::intercept,
    &GeneUncertainty::relative_sd, &GeneUncertainty::relative_error, &GeneUncertainty::coverage,
    &GeneUncertainty::randomised,  &GeneUncertainty::width};

Matrix<float> column(const Matrix<float>& m, std::int64_t j) {
  Matrix<float> out(m.rows, 1);
  for (std::int64_t i = 0; i < m.rows; ++i) out(i, 0) = m(i, j);
  return out;
}

/// Coverage and width of one gene's intervals.
void score_gene(GeneUncertainty& u, const Matrix<float>& truth, const Intervals& intervals, std::int64_t g) {
  const IntervalScores s =
      score_intervals(column(truth, g), {intervals.level, column(intervals.lower, g), column(intervals.upper, g),
                                         column(intervals.low, g), column(intervals.high, g)});
  if (s.closed.count > 0) u.coverage = s.closed.share, u.randomised = s.randomised, u.width = s.closed.mean_width;
}

nlohmann::ordered_json metrics_json(const std::vector<GeneUncertainty>& genes,
                                    const std::vector<LevelCoverage>& levels) {
  const auto summary = [&](double GeneUncertainty::*value, bool both_classes) {
    std::vector<double> values;
    for (const GeneUncertainty& u : genes)
      if (!both_classes || !std::isnan(u.auc)) values.push_back(u.*value);
    return summarize(std::move(values));
  };
  const auto over_genes = [&](double GeneUncertainty::*value) {
    std::vector<double> values;
    for (const GeneUncertainty& u : genes) values.push_back(u.*value);
    return nlohmann::ordered_json{{level_name(gene_level), quantiles_json(std::move(values))}};
  };
  const Summary slope = summary(&GeneUncertainty::slope, true), intercept = summary(&GeneUncertainty::intercept, true);
  const Summary all_slopes = summary(&GeneUncertainty::slope, false);
  nlohmann::ordered_json json;
  json["auc"] = number(summary(&GeneUncertainty::auc, false).mean);
  json["calibration"] = {
      {"slope", number(slope.mean)},
      {"intercept", number(intercept.mean)},
      {"slope_median", number(slope.median)},
      {"intercept_median", number(intercept.median)},
      {"genes", slope.count},
      {"all_genes",
       {{"slope", number(all_slopes.mean)},
        {"intercept", number(summary(&GeneUncertainty::intercept, false).mean)},
        {"genes", all_slopes.count}}},
      {"rule",
       "5 bins of the probability of a zero; over genes with zeros and other counts, and over all genes as "
       "published; a gene with one occupied bin has slope 0"}};
  for (const char* kind : {"coverage", "coverage_randomised", "interval_width"})
    json[kind] = nlohmann::ordered_json::object();
  for (const LevelCoverage& c : levels) {
    const std::string name = level_name(c.level);
    json["coverage"][name] = number(c.closed / c.entries);
    json["coverage_randomised"][name] = number(c.randomised / c.entries);
    json["interval_width"][name] = number(c.width / c.entries);
  }
  json["gene_coverage"] = over_genes(&GeneUncertainty::coverage);
  json["gene_coverage_randomised"] = over_genes(&GeneUncertainty::randomised);
  return json;
}

}  // namespace

nlohmann::ordered_json quantiles_json(std::vector<double> values) {
  const Summary s = summarize(values);
  nlohmann::ordered_json json = {{"genes", s.count}, {"mean", number(s.mean)}};
  std::erase_if(values, [](double v) { return std::isnan(v); });
  std::sort(values.begin(), values.end());
  for (const int percent : {5, 25, 50, 75, 95}) {
    double quantile = std::numeric_limits<double>::quiet_NaN();
    if (!values.empty()) {
      const double place = percent / 100.0 * static_cast<double>(values.size() - 1);
      const auto below = static_cast<std::size_t>(place);
      const std::size_t above = std::min(below + 1, values.size() - 1);
      quantile = values[below] + (place - static_cast<double>(below)) * (values[above] - values[below]);
    }
    json[std::to_string(percent)] = number(quantile);
  }
  return json;
}

UncertaintyScores::UncertaintyScores(std::int64_t n_genes, const std::vector<double>& levels)
    : levels_(levels), genes_(static_cast<std::size_t>(n_genes)) {}

void UncertaintyScores::add(std::size_t seed, const std::vector<std::int64_t>& genes, const Matrix<float>& truth,
                            const Matrix<float>& p_zero, const Predictive& predictive,
                            const std::vector<Intervals>& intervals, int threads) {
  const std::vector<ZeroScores> zeros = score_zeros(truth, p_zero, threads);
  while (coverage_.size() <= seed) {
    coverage_.emplace_back();
    for (const double level : levels_) coverage_.back().push_back({.level = level});
  }
  for (std::size_t j = 0; j < genes.size(); ++j) {
    const auto g = static_cast<std::int64_t>(j);
    GeneUncertainty u;
    u.auc = zeros[j].auc;
    u.slope = zeros[j].calibration.slope;
    u.intercept = zeros[j].calibration.intercept;
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
    for (const Intervals& level : intervals)
      if (level.level == gene_level) score_gene(u, truth, level, g);
    auto& seeds = genes_[static_cast<std::size_t>(genes[j])];
    if (seeds.size() <= seed) seeds.resize(seed + 1);
    seeds[seed] = u;
  }
  for (std::size_t l = 0; l < intervals.size(); ++l) {
    const IntervalScores s = score_intervals(truth, intervals[l]);
    const auto n = static_cast<double>(s.closed.count);
    if (n == 0) continue;
    LevelCoverage& c = coverage_[seed][l];
    c.closed += n * s.closed.share;
    c.randomised += n * s.randomised;
    c.width += n * s.closed.mean_width;
    c.entries += n;
  }
}

GeneUncertainty UncertaintyScores::mean_of(std::int64_t gene) const {
  GeneUncertainty out;
  for (const auto value : all_values) {
    std::vector<double> values;
    for (const GeneUncertainty& u : genes_[static_cast<std::size_t>(gene)]) values.push_back(u.*value);
    out.*value = summarize(std::move(values)).mean;
  }
  return out;
}

nlohmann::ordered_json UncertaintyScores::metrics() const {
  std::vector<GeneUncertainty> genes;
  for (std::size_t g = 0; g < genes_.size(); ++g) genes.push_back(mean_of(static_cast<std::int64_t>(g)));
  return metrics_json(genes, coverage());
}

nlohmann::ordered_json UncertaintyScores::metrics(std::size_t seed) const {
  std::vector<GeneUncertainty> genes;
  for (const auto& seeds : genes_) genes.push_back(seed < seeds.size() ? seeds[seed] : GeneUncertainty{});
  return metrics_json(genes, coverage_.at(seed));
}

std::vector<LevelCoverage> UncertaintyScores::coverage() const {
  std::vector<LevelCoverage> all;
  for (const double level : levels_) all.push_back({.level = level});
  for (const auto& seed : coverage_)
    for (std::size_t l = 0; l < all.size(); ++l) {
      all[l].closed += seed[l].closed;
      all[l].randomised += seed[l].randomised;
      all[l].width += seed[l].width;
      all[l].entries += seed[l].entries;
    }
  return all;
}

nlohmann::ordered_json UncertaintyScores::of_gene(std::int64_t gene) const {
  const GeneUncertainty u = mean_of(gene);
  const std::string level = level_name(gene_level);
  return {{"auc", number(u.auc)},
          {"calibration_slope", number(u.slope)},
          {"calibration_intercept", number(u.intercept)},
          {"relative_sd", number(u.relative_sd)},
          {"relative_error", number(u.relative_error)},
          {"coverage_" + level, number(u.coverage)},
          {"coverage_randomised_" + level, number(u.randomised)},
          {"interval_width_" + level, number(u.width)}};
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
