// Imputing with a trained model, apart from the network: which genes, on what scale, into which file.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "examples/casper/saved_model.hpp"
#include "examples/common/wanted_genes.hpp"
#include "stx/data/zscore.hpp"

namespace stx::casper {

/// Expected accuracy of every reference gene: the mean cross-validated r of the measured genes whose
/// embeddings point in the most similar directions, weighted by how similar they are.
std::vector<float> expected_accuracy(const Matrix<float>& embedding, const std::vector<std::int64_t>& measured,
                                     const std::vector<double>& pcc);

/// What one imputed file is made from, apart from the model.
struct ImputationJob {
  const CountData* st = nullptr;
  std::vector<std::int64_t> st_inputs;  ///< the model's input genes: columns of st->counts
  std::set<std::int64_t> measured;      ///< reference genes that the spatial file holds
  std::string genes;                    ///< "all", or a file with one gene name per line
  std::string out;                      ///< file to write
  std::vector<double> measured_pcc;     ///< per gene of the spatial file; NaN unknown
  nlohmann::json provenance;
};

/// NaN for every gene of the spatial file.
std::vector<double> unknown_pcc(const CountData& st);

/// Mean and SD of log1p counts of the input genes over the spots.
GeneMoments input_moments(const ImputationJob& job);

/// Writes the file of a job; `z` holds z-scores (spots, genes) of the reference genes `genes`.
void write_imputation(const ImputationJob& job, const SavedModel& model, const std::vector<std::int64_t>& genes,
                      Matrix<float> z, Progress& progress);

}  // namespace stx::casper
