// The AnnData file of an imputation: measured counts as they were, imputed genes beside them.
#pragma once

#include "examples/common/pair_data.hpp"

namespace stx {

/// Imputed genes of all kept spots.
struct Imputation {
  std::vector<std::string> genes;
  Matrix<float> counts;              ///< kept spots x genes: expected counts at the spot's depth
  std::vector<double> expected_pcc;  ///< per imputed gene; NaN where nothing is known
  std::vector<double> measured_pcc;  ///< per gene of the spatial file: cross-validated; NaN unknown
  nlohmann::json provenance;         ///< stored as uns['stx']
};

/// All spots and genes of the spatial file followed by the imputed genes. X is dense float32: the
/// measured columns hold the file's counts, the others expected counts. var gets `imputed`,
/// `expected_pcc`; obs gets `without_counts` (such spots have 0 in every imputed gene).
AnnData imputed_anndata(const CountData& st, const Imputation& imputation);

}  // namespace stx
