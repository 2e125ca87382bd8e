// An evaluation of this runner in JSON, below the table and in the report.
#pragma once

#include "examples/common/outputs.hpp"
#include "examples/dcavae/evaluation_parts.hpp"

namespace stx::dcavae {

/// Labels as numbers: names ascend; -1 where is_unknown_label().
struct GroupCodes {
  std::vector<std::int32_t> codes;
  std::vector<std::string> names;
};
GroupCodes group_codes(const std::vector<std::string>& labels);

/// What an evaluation adds to the common outputs: JSON, lines below the table, sections of the report.
/// `coordinates` are those of the spots, or empty.
EvaluationExtras evaluation_extras(const GenesEvaluation& evaluation, const Matrix<double>& coordinates, int threads);

/// The part of it that needs no scores, of a model without cross-validation: latent space and positions, where they
/// are known.
EvaluationExtras unscored_extras(const GenesEvaluation& evaluation, const Matrix<double>& coordinates, int threads);

}  // namespace stx::dcavae
