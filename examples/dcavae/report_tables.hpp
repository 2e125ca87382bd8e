// The tables of an evaluation's report beyond the scores: uncertainty and places of every variant, rank tests.
#pragma once

#include "examples/common/outputs.hpp"

namespace stx::dcavae {

/// A p-value as a person reads it: three decimals, or the power of ten where it is small; "-" for null.
std::string p_value_text(const nlohmann::ordered_json& p);

/// From what evaluation_extras() has put into extras.json: metrics, positions, ablations, tests.
void add_tables(EvaluationExtras& extras, const std::string& model);

}  // namespace stx::dcavae
