// Expected log-normalised expression of counts with a negative binomial distribution.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "stx/core/parallel_for.hpp"
#include "stx/data/matrix.hpp"

namespace stx::dcavae {

/// E ln(1 + scale x) for counts x ~ NB(mean mu, inverse dispersion theta).
///
/// The logarithm of the expectation, ln(1 + scale mu), lies above it, and most where zeros are
/// likely: in rows with few counts. The sum over the counts starts at the likeliest one and ends
/// where probabilities fall below 1e-10 of its; no gamma function is needed. Means above 1e4 are taken
/// for multiples of one of 1e4.
class ExpectedLog {
 public:
  /// @param scale  at least 0: 1e4 / total of the row
  explicit ExpectedLog(double scale) : scale_(scale) {}

  /// @param mu, theta  above 0
  double operator()(double mu, double theta) {
    constexpr double least = 1e-10, most = 1e4;
    if (mu > most) return (*this)(most, theta) + std::log(mu / most);
    const double q = mu / (mu + theta);
    const auto mode = theta > 1 ? static_cast<std::int64_t>(mu * (theta - 1) / theta) : std::int64_t{0};
    double mass = 1, sum = log_of(mode);
    double p = 1;
    for (std::int64_t k = mode; p > least; ++k) {
      p *= (static_cast<double>(k) + theta) / static_cast<double>(k + 1) * q;
      mass += p;
      sum += p * log_of(k + 1);
    }
    p = 1;
    for (std::int64_t k = mode; k > 0 && p > least; --k) {
      p *= static_cast<double>(k) / ((static_cast<double>(k - 1) + theta) * q);
      mass += p;
      sum += p * log_of(k - 1);
    }
    return sum / mass;
  }

 private:
  double log_of(std::int64_t count) {
    while (static_cast<std::int64_t>(logs_.size()) <= count)
      logs_.push_back(std::log1p(scale_ * static_cast<double>(logs_.size())));
    return logs_[static_cast<std::size_t>(count)];
  }

  double scale_;
  std::vector<double> logs_;  ///< of the counts 0, 1, ...: shared by all genes of a row
};

/// E ln(1 + 1e4 x / total) of every entry (rows x genes); 0 in rows without counts.
///
/// @param mean    (rows x genes) expected counts
/// @param theta   (1 x genes), of each gene, or (rows x genes)
/// @param totals  of each row
inline Matrix<float> expected_logs(const Matrix<float>& mean, const Matrix<float>& theta,
                                   const std::vector<double>& totals, int threads) {
  Matrix<float> out(mean.rows, mean.cols, 0.0f);
  parallel_for(threads, mean.rows, [&](std::int64_t i) {
    const double total = totals[static_cast<std::size_t>(i)];
    if (!(total > 0)) return;
    ExpectedLog expected(1e4 / total);
    const auto of_row = theta.row(theta.rows == 1 ? 0 : i);
    for (std::int64_t g = 0; g < mean.cols; ++g)
      out(i, g) = static_cast<float>(expected(mean(i, g), of_row[static_cast<std::size_t>(g)]));
  });
  return out;
}

}  // namespace stx::dcavae
