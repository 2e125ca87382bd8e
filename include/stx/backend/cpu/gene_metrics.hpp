// Scores of every column on the CPU: those of stx/metrics.
#pragma once

#include <cmath>
#include <limits>
#include <vector>

#include "stx/backend/gene_metrics.hpp"
#include "stx/metrics/gene_scores.hpp"

namespace stx {

template <class T>
void gene_metrics(Context<Cpu>& ctx, const GeneMetrics<T>& p) {
  parallel_for(ctx.threads(), p.cols, [&](std::int64_t j) {
    std::vector<float> columns[2];
    bool finite = true;
    const T* const matrices[] = {p.truth, p.prediction};  // nvcc's front end cannot walk a braced list
    for (const T* matrix : matrices) {
      std::vector<float>& column = columns[matrix == p.truth ? 0 : 1];
      column.clear();
      for (std::int64_t i = 0; i < p.rows; ++i) {
        column.push_back(static_cast<float>(matrix[i * p.cols + j]));
        finite = finite && std::isfinite(column.back());
      }
    }
    const std::vector<float>& prediction = p.truth == p.prediction ? columns[0] : columns[1];
    if (!finite) {
      for (std::int64_t k = 0; k < gene_score_count; ++k)
        p.scores[k * p.cols + j] = std::numeric_limits<double>::quiet_NaN();
      return;
    }
    const GeneScores s = score_gene(columns[0], prediction);
    for (std::size_t k = 0; k < score_columns.size(); ++k)
      p.scores[static_cast<std::int64_t>(k) * p.cols + j] = s.*score_columns[k].value;
    p.scores[static_cast<std::int64_t>(GeneScore::truth_constant) * p.cols + j] = s.truth_constant;
    p.scores[static_cast<std::int64_t>(GeneScore::prediction_constant) * p.cols + j] = s.prediction_constant;
  });
}

}  // namespace stx
