// What a run of casper writes about itself: the settings that identify its checkpoint, the origin of a file.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "examples/casper/commands.hpp"
#include "examples/common/outputs.hpp"
#include "examples/common/pair_data.hpp"

namespace stx::casper {

/// A checkpoint continues only a run of the same identity.
nlohmann::ordered_json run_identity(const EvaluateCommand& command, const PairData& pair, const RunFacts& facts);
nlohmann::ordered_json run_identity(const FitCommand& command, const PairData& pair, const RunFacts& facts);

/// uns['stx'] of an imputed file.
nlohmann::json provenance(const FitCommand& command, const RunFacts& facts);
nlohmann::json provenance(const ImputeCommand& command, const std::string& device);

}  // namespace stx::casper
