// Is the model better than the methods beside it? Rank tests over genes.
#pragma once

#include <nlohmann/json.hpp>

#include "examples/common/evaluation.hpp"

namespace stx::dcavae {

/// For pcc, scc, kendall and rmse, and every method but the first: Mann-Whitney U (the paper's, unpaired)
/// and Wilcoxon's signed ranks (paired by gene), both two-sided, of the genes' scores averaged over seeds;
/// and the median over genes of model minus method;
/// p-values as they are and corrected for the number of methods (Benjamini-Hochberg).
nlohmann::ordered_json method_tests(const Evaluation& evaluation);

}  // namespace stx::dcavae
