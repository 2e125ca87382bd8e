// How uncertain the predictions of a gene, or of a spot, are.
#pragma once

#include <limits>

#include "examples/dcavae/intervals.hpp"

namespace stx::dcavae {

/// Uncertainty of one gene over the rows, or of one row over the genes.
struct Uncertainty {
  double sd = std::numeric_limits<double>::quiet_NaN();        ///< mean predictive SD, counts
  double relative = std::numeric_limits<double>::quiet_NaN();  ///< sum of SDs / sum of means; NaN where all are 0
  double width = std::numeric_limits<double>::quiet_NaN();     ///< mean width of the closed intervals, counts
};

struct Uncertainties {
  std::vector<Uncertainty> genes, rows;
};

/// Adds up predictions of more and more rows.
class UncertaintySums {
 public:
  /// The next rows. @throws ArgumentError for shapes that differ.
  void add(const Predictive& p, const Intervals& intervals) {
    require(p.rows() == intervals.lower.rows && p.genes() == intervals.lower.cols, "summarize_uncertainty",
            "predictions and intervals must have the same shape, got ", p.rows(), " x ", p.genes(), " and ",
            intervals.lower.rows, " x ", intervals.lower.cols);
    genes_.resize(static_cast<std::size_t>(p.genes()));
    for (std::int64_t i = 0; i < p.rows(); ++i) {
      Sums row;
      for (std::int64_t g = 0; g < p.genes(); ++g) {
        const double width = intervals.upper(i, g) - intervals.lower(i, g);
        row.add(p.mean(i, g), p.sd(i, g), width);
        genes_[g].add(p.mean(i, g), p.sd(i, g), width);
      }
      rows_.push_back(row.over(p.genes()));
    }
  }

  /// Per-gene and per-row summaries; NaN where there is nothing to average.
  Uncertainties summary() const {
    Uncertainties out{{}, rows_};
    for (const Sums& gene : genes_) out.genes.push_back(gene.over(static_cast<std::int64_t>(rows_.size())));
    return out;
  }

 private:
  struct Sums {
    double mean = 0, sd = 0, width = 0;
    void add(double m, double s, double w) {
      mean += m;
      sd += s;
      width += w;
    }
    Uncertainty over(std::int64_t n) const {
      if (n == 0) return {};
      return {.sd = sd / static_cast<double>(n),
              .relative = mean > 0 ? sd / mean : std::numeric_limits<double>::quiet_NaN(),
              .width = width / static_cast<double>(n)};
    }
  };
  std::vector<Sums> genes_;
  std::vector<Uncertainty> rows_;
};

/// Per-gene and per-row summaries of a prediction; NaN where there is nothing to average.
/// @throws ArgumentError for shapes that differ.
inline Uncertainties summarize_uncertainty(const Predictive& p, const Intervals& intervals) {
  UncertaintySums sums;
  sums.add(p, intervals);
  return sums.summary();
}

}  // namespace stx::dcavae
