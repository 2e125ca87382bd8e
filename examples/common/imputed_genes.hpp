// What is known of the genes of an imputed file, and how accurate they are expected to be.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "examples/common/pair_data.hpp"

namespace stx {

/// Genes beside the measured ones, and accuracies.
struct ImputedGenes {
  std::vector<std::string> names = {};    ///< imputed genes
  std::vector<double> expected_pcc = {};  ///< of each; NaN where nothing is known
  std::vector<double> measured_pcc = {};  ///< per gene of the spatial file: cross-validated; NaN unknown
};

/// Expected accuracy of every reference gene: the mean cross-validated r of the measured genes whose
/// embeddings point in the most similar directions, weighted by how similar they are.
///
/// @param embedding  one column a gene
/// @param measured   numbers of measured genes, and the r of each in `pcc`
std::vector<float> expected_accuracy(const Matrix<float>& embedding, const std::vector<std::int64_t>& measured,
                                     const std::vector<double>& pcc);

/// NaN for every gene of the spatial file.
std::vector<double> unknown_pcc(const CountData& st);

}  // namespace stx
