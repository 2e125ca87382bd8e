// Imputing with a trained model, apart from the network: which genes, on what scale, into which file.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "examples/casper/commands.hpp"
#include "examples/casper/saved_model.hpp"
#include "examples/common/pair_data.hpp"
#include "stx/data/zscore.hpp"
#include "stx/train/progress.hpp"

namespace stx::casper {

/// Expected accuracy of every reference gene: the mean cross-validated r of the measured genes whose
/// embeddings point in the most similar directions, weighted by how similar they are.
std::vector<float> expected_accuracy(const Matrix<float>& embedding, const std::vector<std::int64_t>& measured,
                                     const std::vector<double>& pcc);

/// Reference genes to impute: all that are not measured, or those of a list.
std::vector<std::int64_t> genes_to_impute(const std::vector<std::string>& reference,
                                          const std::set<std::int64_t>& measured, const std::string& choice,
                                          Progress& progress);

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

/// The spatial side of `casper impute`, matched with the genes of a model.
struct ImputeInput {
  CountData st;
  std::vector<std::int64_t> st_inputs;
  std::set<std::int64_t> measured;
};

/// @throws DataError when a gene that the model takes as input is missing.
ImputeInput read_impute_input(const ImputeCommand& command, const SavedModel& model, Progress& progress);

}  // namespace stx::casper
