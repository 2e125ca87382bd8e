// Scores of a predicted matrix, column by column, on the device where it lies.
#pragma once

#include <vector>

#include "stx/autograd/check_finite.hpp"
#include "stx/backend/gene_metrics.hpp"
#include "stx/core/transfer.hpp"
#include "stx/metrics/gene_scores.hpp"

namespace stx {

/// Every score of stx/metrics/gene_scores.hpp for every column: Pearson, Spearman with average
/// ranks, Kendall's tau-b, RMSE, z-scored RMSE, MAPE, SSIM, Jensen-Shannon, cosine, R2, L1, L2.
///
///   pcc = sum (x - mean x) (y - mean y) / sqrt(sum (x - mean x)^2 sum (y - mean y)^2),
///   scc = pcc of average ranks,   kendall = (concordant - discordant) / sqrt((pairs - ties x) (pairs - ties y)),
///   l1 = mean |x - y|,   l2 = mean (x - y)^2,   rmse = sqrt(l2),   rmse_z = rmse of (x - mean x) / sd x and of y's,
///   mape = 100 mean |x - y| / |x| over x != 0,   r2 = 1 - l2 / var x,   cossim = sum x y / sqrt(sum x^2 sum y^2),
///   js = sum (p ln(p / m) + q ln(q / m)) / 2,   p = max(x, 0) / sum,  q = max(y, 0) / sum,  m = (p + q) / 2,
///   ssim = (2 mean a mean b + c1) / ((mean a)^2 + (mean b)^2 + c1) * (2 sd a sd b + c2) / (var a + var b + c2)
///          * (cov(a, b) + c2 / 2) / (sd a sd b + c2 / 2),   a = x / max x,  b = y / max y,  c1 = 1e-4,  c2 = 9e-4
///
/// Here x is a column of truth, y of the prediction; variances are those of the population. stx/metrics tells what a
/// column scores that is constant or has no positive value.
///
/// @param truth       (rows, cols), rows >= 2; in double rounded to float
/// @param prediction  (rows, cols), rounded likewise
/// @return            (14, cols) in the step arena, rows as in GeneScore: the twelve scores in the order of
///                    score_columns, then whether truth and prediction are constant. A column with a value that is not
///                    finite is NaN throughout
/// @throws ArgumentError when shapes do not match or there are fewer than 2 rows.
/// Numerics: double sums in a fixed order; the CPU calls the functions of stx/metrics, CUDA agrees
/// with them to 1e-12 of the largest sum (z-scored RMSE through the correlation: to 1e-7). Ranks and
/// pairs are counted exactly up to 9e7 rows: in n log n steps a column on the CPU, n log^2 n on CUDA
/// (n^2 below 2048 rows). No gradient. Deterministic: yes. Capturable: yes on CUDA; scratch 8 rows
/// cols bytes, and from 2048 rows on up to 256 MiB (16 bytes a row of a longer column).
/// Source: SpotDiff, section 9; CASPER, section 10; Kendall's tau: Knight 1966.
template <class T, class D>
Tensor<double, D> gene_metrics(Context<D>& ctx, const Tensor<T, D>& truth, const Tensor<T, D>& prediction) {
  require(truth.shape.rank() == 2 && truth.shape == prediction.shape, "gene_metrics",
          "truth and prediction must have one shape (rows, cols), got ", truth.shape, " and ", prediction.shape);
  require(truth.rows() >= 2, "gene_metrics", "scores need at least 2 rows, got ", truth.rows());
  check_finite<T, D>(ctx, "gene_metrics", {{"truth", truth}, {"prediction", prediction}});
  Tensor<double, D> scores = ctx.template make_step<double>(Shape{gene_score_count, truth.cols()});
  GeneMetrics<T> args{.truth = truth.data,
                      .prediction = prediction.data,
                      .scores = scores.data,
                      .rows = truth.rows(),
                      .cols = truth.cols()};
  args.columns = ctx.step_arena().template allocate<T>(2 * truth.size());
  args.rank_sums = ctx.step_arena().template allocate<double>(args.tiles() * args.cols * 6);
  args.keys = ctx.step_arena().template allocate<std::uint64_t>(args.sort_keys());
  gene_metrics(ctx, args);
  return scores;
}

/// The result of gene_metrics on the host, one GeneScores per column; waits for the device.
template <class D>
std::vector<GeneScores> to_gene_scores(Context<D>& ctx, const Tensor<double, D>& scores) {
  const std::vector<double> values = to_host(ctx, scores);
  const auto cols = static_cast<std::size_t>(scores.cols());
  std::vector<GeneScores> genes(cols);
  for (std::size_t j = 0; j < cols; ++j) {
    for (std::size_t k = 0; k < score_columns.size(); ++k) genes[j].*score_columns[k].value = values[k * cols + j];
    genes[j].truth_constant = values[static_cast<std::size_t>(GeneScore::truth_constant) * cols + j] == 1;
    genes[j].prediction_constant = values[static_cast<std::size_t>(GeneScore::prediction_constant) * cols + j] == 1;
  }
  return genes;
}

}  // namespace stx
