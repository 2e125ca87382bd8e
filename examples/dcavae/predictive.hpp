// Where the posterior predictive counts of every entry lie: moments and smoothed quantiles of
// samples.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "stx/core/parallel_for.hpp"
#include "stx/data/matrix.hpp"

namespace stx::dcavae {

/// Summary of the sampled counts of every entry. All matrices are (rows x genes).
///
/// Quantiles are those of y = x + u, x the count and u from U(0, 1): the count k is spread evenly
/// over [k, k + 1). Then every probability has its quantile, also within the zeros of a sparse
/// gene, and an interval of y holds exactly the probability that it should; intervals.hpp goes back
/// to counts.
struct Predictive {
  std::vector<double> levels;        ///< ascending, in (0, 1)
  Matrix<float> mean, sd;            ///< of the counts; sd divides by the number of samples
  std::vector<Matrix<float>> lower;  ///< of each level: quantile (1 - level) / 2 of y
  std::vector<Matrix<float>> upper;  ///< of each level: quantile (1 + level) / 2 of y

  Predictive() = default;
  Predictive(std::int64_t rows, std::int64_t genes, std::vector<double> of_levels)
      : levels(std::move(of_levels)), mean(rows, genes), sd(rows, genes),
        lower(levels.size(), Matrix<float>(rows, genes)), upper(levels.size(), Matrix<float>(rows, genes)) {
    double last = 0;
    for (const double level : levels) {
      require(level > last && level < 1, "Predictive", "levels must ascend within (0, 1), got ", level, " after ",
              last);
      last = level;
    }
  }
  std::int64_t rows() const { return mean.rows; }
  std::int64_t genes() const { return mean.cols; }
};

/// The levels that are reported.
inline std::vector<double> usual_levels() { return {0.5, 0.8, 0.9, 0.95}; }

/// Quantile of x + u for sampled counts: inverse of the distribution that puts each sample's weight
/// evenly over [x, x + 1). `sorted`: at least one sample, ascending; probability in (0, 1).
inline double smoothed_quantile(std::span<const float> sorted, double probability) {
  const double position = probability * static_cast<double>(sorted.size());
  const auto at = std::min(static_cast<std::size_t>(position), sorted.size() - 1);
  const auto [first, last] = std::equal_range(sorted.begin(), sorted.end(), sorted[at]);
  const auto begin = static_cast<double>(first - sorted.begin()), n = static_cast<double>(last - first);
  return sorted[at] + std::min((position - begin) / n, 1.0);
}

/// Draws and summarises the samples of `rows`, some of them at a time, and `genes`.
///
/// @param rows, genes  numbers in the data, by which messages name them
/// @param draw     Matrix<float>(const std::vector<std::int64_t>& some, std::int64_t sample): the counts (some.size() x
///                 genes.size()) of one posterior predictive sample in some of `rows`
/// @param samples  number of samples, at least 1; with fewer than 2 / (1 - level) the ends of that level are little
///                 more than the smallest and largest sample
/// @throws ArgumentError for no samples, DataError for a sample that is negative or not finite.
/// Memory: the result and at most 64 MB of samples (one row's at least). Deterministic: as `draw`.
template <class Draw>
Predictive summarize_samples(const std::vector<std::int64_t>& rows, const std::vector<std::int64_t>& genes,
                             std::int64_t samples, const std::vector<double>& levels, int threads, Draw&& draw) {
  require(samples >= 1, "summarize_samples", "there must be at least 1 sample, got ", samples);
  const auto n_rows = static_cast<std::int64_t>(rows.size()), n_genes = static_cast<std::int64_t>(genes.size());
  Predictive out(n_rows, n_genes, levels);
  const std::int64_t chunk =
      std::max<std::int64_t>(1, (std::int64_t{1} << 24) / std::max<std::int64_t>(1, samples * n_genes));
  std::vector<Matrix<float>> drawn(static_cast<std::size_t>(samples));
  for (std::int64_t first = 0; first < n_rows; first += chunk) {
    const std::int64_t n = std::min(chunk, n_rows - first);
    const std::vector<std::int64_t> some(rows.begin() + first, rows.begin() + first + n);
    for (std::int64_t s = 0; s < samples; ++s) {
      drawn[s] = draw(some, s);
      require(drawn[s].rows == n && drawn[s].cols == n_genes, "summarize_samples", "sample ", s, " must be ", n, " x ",
              n_genes, ", got ", drawn[s].rows, " x ", drawn[s].cols);
    }
    parallel_for(threads, n, [&](std::int64_t i) {
      std::vector<float> sorted(static_cast<std::size_t>(samples));
      for (std::int64_t g = 0; g < n_genes; ++g) {
        double sum = 0, squares = 0;
        for (std::int64_t s = 0; s < samples; ++s) {
          const float x = drawn[s](i, g);
          require<DataError>(x >= 0 && std::isfinite(x), "summarize_samples", "sample ", s, " of gene ", genes[g],
                             " at row ", some[i], " is ", x, "; counts must be finite and not negative");
          sorted[s] = x;
          sum += x;
        }
        const double mean = sum / static_cast<double>(samples);
        for (const float x : sorted) squares += (x - mean) * (x - mean);
        out.mean(first + i, g) = static_cast<float>(mean);
        out.sd(first + i, g) = static_cast<float>(std::sqrt(squares / static_cast<double>(samples)));
        std::sort(sorted.begin(), sorted.end());
        for (std::size_t l = 0; l < levels.size(); ++l) {
          out.lower[l](first + i, g) = static_cast<float>(smoothed_quantile(sorted, 0.5 * (1 - levels[l])));
          out.upper[l](first + i, g) = static_cast<float>(smoothed_quantile(sorted, 0.5 * (1 + levels[l])));
        }
      }
    });
  }
  return out;
}

}  // namespace stx::dcavae
