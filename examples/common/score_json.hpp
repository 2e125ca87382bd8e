// Scores as JSON.
#pragma once

#include <cmath>
#include <nlohmann/json.hpp>

#include "stx/metrics/gene_scores.hpp"

namespace stx {

/// A number, or null for NaN and infinities, which JSON does not have.
inline nlohmann::ordered_json number(double v) {
  return std::isfinite(v) ? nlohmann::ordered_json(v) : nlohmann::ordered_json(nullptr);
}

/// {"pcc": {"mean", "median", "sd"}, ...} over genes.
inline nlohmann::ordered_json summary_json(const std::vector<GeneScores>& scores) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (const ScoreColumn& column : score_columns) {
    const Summary s = summarize(scores, column.value);
    json[std::string(column.name)] = {{"mean", number(s.mean)}, {"median", number(s.median)}, {"sd", number(s.sd)}};
  }
  return json;
}

/// All scores of one gene, appended to `row`.
inline void add_scores(nlohmann::ordered_json& row, const GeneScores& scores) {
  for (const ScoreColumn& column : score_columns) row[std::string(column.name)] = number(scores.*column.value);
}

}  // namespace stx
