// Scores of one column from its sums: the definitions of stx/metrics, for kernels.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "stx/core/macros.hpp"

namespace stx::math {

/// Sums over the rows of a column of truth x and prediction y.
struct ColumnSums {
  double rows = 0;
  double x = 0, y = 0;                    ///< sums
  double x_positive = 0, y_positive = 0;  ///< sums of max(v, 0)
  double x_max = 0, y_max = 0;
  bool x_constant = false, y_constant = false;
  double raw_xx = 0, raw_yy = 0, raw_xy = 0;  ///< sums of products
  double absolute = 0, squared = 0;           ///< of x - y
  double relative = 0, nonzero = 0;           ///< sum of |x - y| / |x| over x != 0, and their number
  double xx = 0, yy = 0, xy = 0;              ///< sums of products of deviations from the means
  double divergence = 0;                      ///< sum of jensen_shannon_term
};

STX_HD inline double clamped(double value, double low, double high) {
  const double v = value < low ? low : value;
  return v > high ? high : v;
}

STX_HD inline double score_pearson(const ColumnSums& s) {
  if (s.x_constant || s.y_constant) return 0;
  return clamped(s.xy / (std::sqrt(s.xx) * std::sqrt(s.yy)), -1, 1);
}

STX_HD inline double score_cosine(const ColumnSums& s) {
  if (s.raw_xx == 0 || s.raw_yy == 0) return 0;
  return clamped(s.raw_xy / (std::sqrt(s.raw_xx) * std::sqrt(s.raw_yy)), -1, 1);
}

/// sqrt(mean (z_x - z_y)^2), through the correlation.
STX_HD inline double score_rmse_z(const ColumnSums& s) {
  if (s.x_constant || s.y_constant) return s.x_constant && s.y_constant ? 0 : 1;
  return std::sqrt(2 * (1 - score_pearson(s)));
}

STX_HD inline double score_ssim(const ColumnSums& s) {
  const double scale_x = s.x_max > 0 ? 1 / s.x_max : 0, scale_y = s.y_max > 0 ? 1 / s.y_max : 0;
  const double mean_x = s.x / s.rows * scale_x, mean_y = s.y / s.rows * scale_y;
  const double var_x = s.xx / s.rows * scale_x * scale_x, var_y = s.yy / s.rows * scale_y * scale_y;
  const double covariance = s.xy / s.rows * scale_x * scale_y;
  const double sd_product = std::sqrt(var_x) * std::sqrt(var_y);
  const double c1 = 0.01 * 0.01, c2 = 0.03 * 0.03, c3 = c2 / 2;
  return (2 * mean_x * mean_y + c1) / (mean_x * mean_x + mean_y * mean_y + c1) *
         ((2 * sd_product + c2) / (var_x + var_y + c2)) * ((covariance + c3) / (sd_product + c3));
}

/// Share of one row in the Jensen-Shannon divergence of p and q.
STX_HD inline double jensen_shannon_term(double p, double q) {
  const double m = 0.5 * (p + q);
  double term = 0;
  if (p > 0) term += 0.5 * p * std::log(p / m);
  if (q > 0) term += 0.5 * q * std::log(q / m);
  return term;
}

STX_HD inline double score_jensen_shannon(const ColumnSums& s) {
  const double most = 0.69314718055994530942;
  if (s.x_positive == 0 && s.y_positive == 0) return 0;
  if (s.x_positive == 0 || s.y_positive == 0) return most;
  return clamped(s.divergence, 0, most);
}

/// Bits of a finite value that order like the values; -0 equals +0.
STX_HD inline std::uint32_t ascending_bits(float value) {
  value += 0.0f;  // turns -0 into +0
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits >> 31 != 0 ? ~bits : bits | 0x80000000u;
}

/// Sums over the ordered pairs of rows, and over rows of twice the centred average ranks.
struct RankSums {
  double order = 0;               ///< sum of sign(x_i - x_j) sign(y_i - y_j)
  double x_tied = 0, y_tied = 0;  ///< ordered pairs of different rows with equal values
  double xx = 0, yy = 0, xy = 0;  ///< products of twice the centred average ranks
};

STX_HD inline double score_spearman(const RankSums& s) {
  return clamped(s.xy / (std::sqrt(s.xx) * std::sqrt(s.yy)), -1, 1);
}

/// tau-b: (concordant - discordant) / sqrt((pairs - ties_x) (pairs - ties_y)).
STX_HD inline double score_kendall(const RankSums& s, double rows) {
  const double pairs = rows * (rows - 1);  // ordered, as all sums
  return clamped(s.order / (std::sqrt(pairs - s.x_tied) * std::sqrt(pairs - s.y_tied)), -1, 1);
}

}  // namespace stx::math
