// How good the stated uncertainty of held-out genes is: P(zero), intervals, spread against error.
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "examples/dcavae/intervals.hpp"
#include "stx/metrics/zero_prediction.hpp"

namespace stx::dcavae {

/// The level whose coverage is told gene by gene.
inline constexpr double gene_level = 0.9;

/// One held-out gene.
struct GeneUncertainty {
  double auc = std::numeric_limits<double>::quiet_NaN();    ///< of P(zero) for zero counts; NaN without both
  double slope = std::numeric_limits<double>::quiet_NaN();  ///< of the calibration of P(zero)
  double intercept = std::numeric_limits<double>::quiet_NaN();
  double relative_sd = std::numeric_limits<double>::quiet_NaN();     ///< sum of SDs / sum of means
  double relative_error = std::numeric_limits<double>::quiet_NaN();  ///< sum of |error| / sum of means
  double coverage = std::numeric_limits<double>::quiet_NaN();        ///< of its entries at gene_level, closed intervals
  double randomised = std::numeric_limits<double>::quiet_NaN();      ///< the same of the smooth intervals
  double width = std::numeric_limits<double>::quiet_NaN();           ///< mean width of the closed ones
};

/// Counts of entries behind a share.
struct LevelCoverage {
  double level = 0;
  double closed = 0, randomised = 0;  ///< entries covered
  double width = 0;                   ///< sum of the widths
  double entries = 0;
};

/// {"genes": number of values that are not NaN, "mean", "5", "25", "50", "75", "95": quantiles in %, between two
/// values in proportion}.
nlohmann::ordered_json quantiles_json(std::vector<double> values);

/// Collects folds and seeds of one method.
class UncertaintyScores {
 public:
  explicit UncertaintyScores(std::int64_t n_genes, const std::vector<double>& levels);

  /// A fold of seed number `seed`: `genes` are the places of the columns among the scored genes.
  void add(std::size_t seed, const std::vector<std::int64_t>& genes, const Matrix<float>& truth,
           const Matrix<float>& p_zero, const Predictive& predictive, const std::vector<Intervals>& intervals,
           int threads);

  /// For the object `metrics`: auc, calibration, coverage{50, ...}, coverage_randomised, interval_width over all
  /// entries; gene_coverage{90} and gene_coverage_randomised{90}, the quantiles over genes.
  ///
  /// calibration: slope and intercept are means, slope_median and intercept_median medians over the `genes` genes
  /// that have zeros and other counts; a gene without either says nothing of calibration (its share of zeros is 0
  /// or 1 in every bin). all_genes: means over all genes, as published. On both, 5 bins, and one occupied bin has
  /// slope 0. Source: DCAVAE, section 8.
  nlohmann::ordered_json metrics() const;
  /// The same of one seed.
  nlohmann::ordered_json metrics(std::size_t seed) const;
  std::size_t n_seeds() const { return coverage_.size(); }

  /// One gene's part, for the object of that gene.
  nlohmann::ordered_json of_gene(std::int64_t gene) const;
  /// A gene's values averaged over the seeds.
  GeneUncertainty mean_of(std::int64_t gene) const;

  /// P(zero) against the share of zeros over all entries, in `bins` bins.
  std::vector<CalibrationPoint> zero_curve(int bins) const;
  /// Stated level against coverage: closed and randomised, of all seeds.
  std::vector<LevelCoverage> coverage() const;
  /// Mean predictive SD and mean absolute error of entries, by classes of the SD of equal size.
  std::vector<std::pair<double, double>> error_by_sd(int classes) const;

 private:
  std::vector<double> levels_;
  std::vector<std::vector<GeneUncertainty>> genes_;   // [gene][seed]
  std::vector<std::vector<LevelCoverage>> coverage_;  // [seed][level]
  std::vector<float> p_zero_, sd_, error_;
  std::vector<std::uint8_t> zero_;
};

}  // namespace stx::dcavae
