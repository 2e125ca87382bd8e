// Which genes a command imputes, and how a spatial file meets a trained model.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "examples/common/commands.hpp"
#include "examples/common/pair_data.hpp"
#include "stx/train/progress.hpp"

namespace stx {

/// A choice of genes: "all", or a file with one gene name per line, which is read once.
struct WantedGenes {
  std::string choice = "all";
  std::vector<std::string> names = {};  ///< of the file, each once

  /// @throws DataError for a file that cannot be read.
  static WantedGenes read(const std::string& choice);
  bool all() const { return choice == "all"; }
};

/// Looks at a choice of genes before any work is done for it.
///
/// @param what  names `reference` in the error
/// @throws DataError for a name that is not in the reference.
void check_wanted_genes(const std::vector<std::string>& reference, const WantedGenes& wanted, const std::string& what);

/// Reference genes to impute: those that are wanted and not measured.
/// @throws DataError for a name that is not in the reference.
std::vector<std::int64_t> genes_to_impute(const std::vector<std::string>& reference,
                                          const std::set<std::int64_t>& measured, const WantedGenes& wanted,
                                          Progress& progress);

/// The spatial side of `impute`, matched with the genes of a model.
struct ImputeInput {
  CountData st;
  std::vector<std::int64_t> st_inputs;  ///< the model's input genes: columns of st.counts
  std::set<std::int64_t> measured;      ///< reference genes that the spatial file holds
  std::vector<std::string> notes;       ///< what a person should hear about the data
};

/// @throws DataError when a gene that the model takes as input is missing.
ImputeInput read_impute_input(const ImputeFlags& command, const std::vector<std::string>& inputs,
                              const std::vector<std::string>& reference, Progress& progress);

}  // namespace stx
