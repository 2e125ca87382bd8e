// Imputing with a trained model, apart from the network: which genes, on what scale, into which file.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "examples/casper/saved_model.hpp"
#include "examples/common/imputed_file.hpp"
#include "examples/common/wanted_genes.hpp"
#include "stx/data/zscore.hpp"

namespace stx::casper {

/// What one imputed file is made from, apart from the model.
struct ImputationJob {
  const CountData* st = nullptr;
  std::vector<std::int64_t> st_inputs;  ///< the model's input genes: columns of st->counts
  std::set<std::int64_t> measured;      ///< reference genes that the spatial file holds
  WantedGenes wanted;                   ///< which genes to impute
  std::string out;                      ///< file to write
  std::vector<double> measured_pcc;     ///< per gene of the spatial file; NaN unknown
  nlohmann::json provenance;
};

/// Mean and SD of log1p counts of the input genes over the spots.
GeneMoments input_moments(const ImputationJob& job);

/// The file of a job, written some spots at a time.
class ImputationFile {
 public:
  /// `genes`: the reference genes to be imputed.
  ImputationFile(const ImputationJob& job, const SavedModel& model, std::vector<std::int64_t> genes);
  /// z-scores (rows, genes) of the next kept spots.
  void write(Matrix<float> z);
  /// After all kept spots: the file appears.
  void finish(Progress& progress);

 private:
  const ImputationJob& job_;
  const SavedModel& model_;
  std::vector<std::int64_t> genes_;
  std::vector<double> totals_;  ///< of the input genes
  ImputedFile file_;
};

}  // namespace stx::casper
