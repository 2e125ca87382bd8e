// Mean, median and standard deviation of a set of scores.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace stx {

/// Location and spread of the defined (not NaN) values of a set; all NaN if there is none.
struct Summary {
  double mean = std::numeric_limits<double>::quiet_NaN();
  double median = std::numeric_limits<double>::quiet_NaN();  ///< mean of the two middle values if even
  double sd = std::numeric_limits<double>::quiet_NaN();      ///< population SD (divides by count)
  std::int64_t count = 0;                                    ///< values that are not NaN
};

/// Summarises `values`, leaving out NaN (a score that is not defined for its gene).
inline Summary summarize(std::vector<double> values) {
  std::erase_if(values, [](double v) { return std::isnan(v); });
  Summary s;
  s.count = static_cast<std::int64_t>(values.size());
  if (values.empty()) return s;
  std::sort(values.begin(), values.end());
  const auto n = static_cast<double>(values.size());
  const std::size_t middle = values.size() / 2;
  s.median = values.size() % 2 == 1 ? values[middle] : 0.5 * (values[middle - 1] + values[middle]);
  double sum = 0, squares = 0;
  for (double v : values) sum += v;
  s.mean = sum / n;
  for (double v : values) squares += (v - s.mean) * (v - s.mean);
  s.sd = std::sqrt(squares / n);
  return s;
}

}  // namespace stx
