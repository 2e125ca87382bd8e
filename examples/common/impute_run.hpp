// `impute`, from the first look at its outputs to the JSON about it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "examples/common/clock.hpp"
#include "examples/common/pair_run.hpp"
#include "examples/common/wanted_genes.hpp"

namespace stx {

/// The section, the clock and the facts of one `impute`. In this order: read(), the work, finish().
class ImputeRun {
 public:
  /// @throws DataError for outputs that could not be written later.
  ImputeRun(RunName name, const ImputeFlags& flags);

  /// Reads the spatial file; see read_impute_input().
  void read(const std::vector<std::string>& inputs, const std::vector<std::string>& reference);

  /// uns['stx'] of the imputed file.
  nlohmann::json provenance() const;

  /// Writes the JSON, if the flags ask for one: what was read, by which model, what was written, flagged spots,
  /// seconds and memory, and `more`.
  ///
  /// @param n_imputed  imputed genes in the file that was written
  /// @param config     settings of the model
  void finish(std::int64_t n_imputed, const nlohmann::ordered_json& config,
              const nlohmann::ordered_json& more = {}) const;

  Progress progress;
  ImputeInput input;

 private:
  RunName name_;
  const ImputeFlags& flags_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  double load_seconds_ = 0;
};

}  // namespace stx
