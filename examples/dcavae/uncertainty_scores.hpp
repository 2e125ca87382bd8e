// How good the stated uncertainty of held-out genes is: P(zero), intervals, spread against error.
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "examples/dcavae/intervals.hpp"
#include "stx/metrics/zero_prediction.hpp"

namespace stx::dcavae {

/// One held-out gene.
struct GeneUncertainty {
  double auc = std::numeric_limits<double>::quiet_NaN();        ///< of P(zero) for zero counts
  double slope = std::numeric_limits<double>::quiet_NaN();      ///< of the calibration of P(zero)
  double intercept = std::numeric_limits<double>::quiet_NaN();
  double relative_sd = std::numeric_limits<double>::quiet_NaN();  ///< sum of SDs / sum of means
  double relative_error = std::numeric_limits<double>::quiet_NaN();  ///< sum of |error| / sum of means
};

/// Counts of entries behind a share.
struct LevelCoverage {
  double level = 0;
  double closed = 0, randomised = 0;  ///< entries covered
  double width = 0;                   ///< sum of the widths
  double entries = 0;
};

/// Collects folds and seeds of one method.
class UncertaintyScores {
 public:
  explicit UncertaintyScores(std::int64_t n_genes, const std::vector<double>& levels);

  /// A fold: `genes` are the places of the columns among the scored genes. `every_gene`: as the paper,
  /// genes whose P(zero) fill one bin only count with slope 0; otherwise they have no slope.
  void add(const std::vector<std::int64_t>& genes, const Matrix<float>& truth, const Matrix<float>& p_zero,
           const Predictive& predictive, const std::vector<Intervals>& intervals, bool every_gene, int threads);

  /// auc, calibration{slope, intercept}, coverage{50, ...}, coverage_randomised, interval_width: for the
  /// object `metrics`.
  nlohmann::ordered_json metrics() const;
  /// One gene's part, for the object of that gene.
  nlohmann::ordered_json of_gene(std::int64_t gene) const;

  GeneUncertainty mean_of(std::int64_t gene) const;
  /// P(zero) against the share of zeros over all entries, in `bins` bins.
  std::vector<CalibrationPoint> zero_curve(int bins) const;
  /// Stated level against coverage: closed and randomised.
  const std::vector<LevelCoverage>& coverage() const { return coverage_; }
  /// Mean predictive SD and mean absolute error of entries, by classes of the SD of equal size.
  std::vector<std::pair<double, double>> error_by_sd(int classes) const;

 private:
  std::vector<std::vector<GeneUncertainty>> genes_;  // [gene][seed]
  std::vector<LevelCoverage> coverage_;
  std::vector<float> p_zero_, sd_, error_;
  std::vector<std::uint8_t> zero_;
};

}  // namespace stx::dcavae
