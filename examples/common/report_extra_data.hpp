// What the report of a model with uncertainty and a latent space shows beyond scores and maps.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "stx/data/matrix.hpp"

namespace stx {

/// A calibration curve: what was said against what happened. On the diagonal they agree.
struct ReportCalibration {
  std::string title;
  std::string stated, observed;  ///< names of the axes
  struct Curve {
    std::string name;
    std::vector<double> stated, observed;
  };
  std::vector<Curve> curves;
};

/// Mean error against stated uncertainty, in classes of equal size.
struct ReportUncertainty {
  std::vector<double> sd, error;
};

/// Points of a plane coloured by group.
struct ReportScatter {
  std::string title;
  Matrix<double> xy;                ///< (n, 2); y grows downwards
  std::vector<std::int32_t> group;  ///< n numbers into `names`; -1 is grey
  std::vector<std::string> names;
};

/// Scatters that belong together: latent maps, or measured and predicted positions.
struct ReportScatters {
  std::string id, title, lead;  ///< of the section
  std::vector<ReportScatter> scatters;
};

/// Rows of text; numbers come formatted.
struct ReportTable {
  std::string id, title, lead;  ///< of the section
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;
  bool model_first = false;  ///< the first row is the model's
};

/// Empty parts are left out of the report.
struct ReportExtras {
  std::vector<ReportTable> tables;
  std::vector<ReportCalibration> calibration;
  ReportUncertainty uncertainty;
  std::vector<ReportScatters> scatters;
  std::int64_t max_points = 15000;  ///< drawn of a scatter, evenly spaced if there are more
};

}  // namespace stx
