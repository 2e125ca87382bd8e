// Coverage and width of prediction intervals.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <span>

#include "stx/core/error.hpp"

namespace stx {

struct Coverage {
  double share = std::numeric_limits<double>::quiet_NaN();       ///< of the scored entries inside
  double mean_width = std::numeric_limits<double>::quiet_NaN();  ///< mean upper - lower, scored entries
  std::int64_t count = 0;                                        ///< scored entries
};

/// Share of true values inside their closed intervals, `lower <= truth <= upper`, and the mean
/// width.
///
/// @param truth  n values; NaN is an entry that is not scored
/// @param lower  n lower ends
/// @param upper  n upper ends, in the unit of the truth
/// @return       all NaN if nothing is scored
/// @throws ArgumentError if lengths differ, DataError for an interval of a scored entry that is not
/// `lower <= upper` (NaN included).
/// Deterministic: yes.
inline Coverage interval_coverage(std::span<const float> truth, std::span<const float> lower,
                                  std::span<const float> upper) {
  require(truth.size() == lower.size() && truth.size() == upper.size(), "interval_coverage",
          "truth, lower and upper must have the same length, got ", truth.size(), ", ", lower.size(), " and ",
          upper.size());
  Coverage c;
  double width = 0, inside = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    if (std::isnan(truth[i])) continue;
    require<DataError>(lower[i] <= upper[i], "interval_coverage", "the interval of entry ", i, " runs from ", lower[i],
                       " to ", upper[i], "; lower must not be above upper");
    inside += truth[i] >= lower[i] && truth[i] <= upper[i];
    width += double{upper[i]} - lower[i];
    ++c.count;
  }
  if (c.count == 0) return c;
  c.share = inside / static_cast<double>(c.count);
  c.mean_width = width / static_cast<double>(c.count);
  return c;
}

}  // namespace stx
