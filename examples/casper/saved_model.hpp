// The trained gene-agnostic model as a safetensors file.
#pragma once

#include <string>
#include <vector>

#include "examples/casper/gene_embedding.hpp"
#include "examples/casper/gene_network.hpp"
#include "examples/common/saved_parameters.hpp"

namespace stx::casper {

/// All that imputation needs; nothing of the single cells but averages and axes.
struct SavedModel {
  Options options;
  std::vector<std::string> inputs;     ///< names of the measured genes, in the order of the network
  std::vector<std::string> reference;  ///< names of the genes that can be imputed
  std::vector<std::string> tokens;     ///< names of the attention's columns
  Matrix<float> centroids;             ///< tokens x token genes
  Matrix<float> embedding;             ///< embedding x reference genes
  GeneScale scale;                     ///< level and spread in space, per reference gene
  std::vector<float> expected_pcc;     ///< per reference gene, from the cross-validation; NaN unknown
  NamedParameters parameters;
};

void save_model(const std::string& path, const SavedModel& model);

SavedModel read_model(const std::string& path);

}  // namespace stx::casper
