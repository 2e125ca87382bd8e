// All scores of every gene: how well each predicted column matches its true column.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <vector>

#include "stx/core/parallel_for.hpp"
#include "stx/data/matrix.hpp"
#include "stx/metrics/correlation.hpp"
#include "stx/metrics/error_scores.hpp"
#include "stx/metrics/pattern_similarity.hpp"
#include "stx/metrics/rank_correlation.hpp"
#include "stx/metrics/summary.hpp"

namespace stx {

/// Scores of one gene over the spots. Definitions and rules for zeros: at the functions named.
struct GeneScores {
  double pcc = 0;                    ///< pearson; 0 if a column is constant
  double scc = 0;                    ///< spearman, average ranks; 0 if a column is constant
  double kendall = 0;                ///< kendall_tau_b; 0 if a column is constant
  double rmse = 0;                   ///< root of mean_squared_error
  double rmse_z = 0;                 ///< rmse_of_z_scores
  double mape = 0;                   ///< percent, over entries with truth != 0; NaN if there is none
  double ssim = 0;                   ///< structural_similarity
  double js = 0;                     ///< jensen_shannon divergence, nats
  double cossim = 0;                 ///< cosine_similarity
  double r2 = 0;                     ///< r_squared
  double l1 = 0;                     ///< mean_absolute_error
  double l2 = 0;                     ///< mean_squared_error
  bool truth_constant = false;       ///< the true column has no variation
  bool prediction_constant = false;  ///< the predicted column has no variation
};

/// A score of GeneScores. (A name of its own: nvcc writes parentheses around the bare type, of which the host
/// compiler warns.)
using GeneScoreMember = double GeneScores::*;

/// Name of a score in tables and JSON, where it is kept, and which direction is good.
struct ScoreColumn {
  std::string_view name;
  GeneScoreMember value;
  bool higher_is_better;
};

/// Every score of GeneScores, in the order of tables.
inline constexpr std::array<ScoreColumn, 12> score_columns{{
    {"pcc", &GeneScores::pcc, true},
    {"scc", &GeneScores::scc, true},
    {"kendall", &GeneScores::kendall, true},
    {"rmse", &GeneScores::rmse, false},
    {"rmse_z", &GeneScores::rmse_z, false},
    {"mape", &GeneScores::mape, false},
    {"ssim", &GeneScores::ssim, true},
    {"js", &GeneScores::js, false},
    {"cossim", &GeneScores::cossim, true},
    {"r2", &GeneScores::r2, true},
    {"l1", &GeneScores::l1, false},
    {"l2", &GeneScores::l2, false},
}};

/// Scores one gene. truth, prediction: n_spots finite values each.
inline GeneScores score_gene(std::span<const float> truth, std::span<const float> prediction) {
  detail::require_same_length(truth, prediction, "score_gene");
  const Ranking truth_ranks = rank_values(truth), prediction_ranks = rank_values(prediction);
  GeneScores s;
  s.pcc = pearson(truth, prediction);
  s.scc = spearman(truth_ranks, prediction_ranks);
  s.kendall = kendall_tau_b(truth_ranks, prediction_ranks);
  s.l1 = mean_absolute_error(truth, prediction);
  s.l2 = mean_squared_error(truth, prediction);
  s.rmse = std::sqrt(s.l2);
  s.rmse_z = rmse_of_z_scores(truth, prediction);
  s.mape = mape(truth, prediction);
  s.ssim = structural_similarity(truth, prediction);
  s.js = jensen_shannon(truth, prediction);
  s.cossim = cosine_similarity(truth, prediction);
  s.r2 = r_squared(truth, prediction);
  s.truth_constant = truth_ranks.constant();
  s.prediction_constant = prediction_ranks.constant();
  return s;
}

/// Scores every gene.
///
/// truth, prediction: (n_spots x n_genes), the same shape, at least 2 spots, finite values on the
/// scale to be judged. Result: one GeneScores per column. Throws ArgumentError for shapes that do
/// not match or fewer than 2 spots, DataError for a value that is not finite (named by spot and
/// gene). Computed in double; the result does not depend on `threads`.
inline std::vector<GeneScores> score_genes(const Matrix<float>& truth, const Matrix<float>& prediction, int threads) {
  require(truth.rows == prediction.rows && truth.cols == prediction.cols, "score_genes",
          "truth and prediction must have the same shape, got ", truth.rows, " x ", truth.cols, " and ",
          prediction.rows, " x ", prediction.cols);
  require(truth.rows >= 2, "score_genes", "scores need at least 2 spots, got ", truth.rows);
  const auto column_of = [](const Matrix<float>& m, std::int64_t gene, std::string_view name) {
    std::vector<float> column(static_cast<std::size_t>(m.rows));
    for (std::int64_t i = 0; i < m.rows; ++i) {
      const float v = m(i, gene);
      require<DataError>(std::isfinite(v), "score_genes", "the ", name, " of gene ", gene, " at spot ", i, " is ", v,
                         "; scores need finite values (drop the spot, or find out what made it)");
      column[static_cast<std::size_t>(i)] = v;
    }
    return column;
  };
  std::vector<GeneScores> scores(static_cast<std::size_t>(truth.cols));
  parallel_for(threads, truth.cols, [&](std::int64_t gene) {
    scores[static_cast<std::size_t>(gene)] =
        score_gene(column_of(truth, gene, "truth"), column_of(prediction, gene, "prediction"));
  });
  return scores;
}

/// Mean, median and SD over genes of one score, leaving out genes where it is not defined (NaN).
inline Summary summarize(const std::vector<GeneScores>& scores, double GeneScores::*value) {
  std::vector<double> values;
  values.reserve(scores.size());
  for (const GeneScores& s : scores) values.push_back(s.*value);
  return summarize(std::move(values));
}

}  // namespace stx
