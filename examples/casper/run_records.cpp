#include "examples/casper/run_records.hpp"

#include "stx/version.hpp"

namespace stx::casper {

nlohmann::ordered_json run_identity(const EvaluateCommand& command, const PairData& pair, const RunFacts& facts) {
  return {{"model", "casper"}, {"command", "evaluate"}, {"protocol", command.protocol}, {"blocks", command.blocks},
          {"folds", command.folds}, {"seeds", command.seeds}, {"seed", command.common.seed}, {"config", facts.config},
          {"n_spots", pair.st.counts.rows}, {"n_shared", pair.n_shared()}, {"test_spots", command.test_spots},
          {"train_spots", command.train_spots}, {"device", facts.device}};
}

nlohmann::ordered_json run_identity(const FitCommand& command, const PairData& pair, const RunFacts& facts) {
  return {{"model", "casper"}, {"command", "fit"}, {"folds", command.folds}, {"seed", command.common.seed},
          {"config", facts.config}, {"n_spots", pair.st.counts.rows}, {"n_shared", pair.n_shared()},
          {"device", facts.device}};
}

nlohmann::json provenance(const FitCommand& command, const RunFacts& facts) {
  return {{"version", version_string}, {"model", "casper"}, {"command", "fit"}, {"st", command.data.st},
          {"sc", command.data.sc}, {"seed", command.common.seed}, {"device", facts.device},
          {"config", nlohmann::json(facts.config)}};
}

nlohmann::json provenance(const ImputeCommand& command, const std::string& device) {
  return {{"version", version_string}, {"model", "casper"}, {"command", "impute"}, {"st", command.data.st},
          {"weights", command.model}, {"device", device}};
}

}  // namespace stx::casper
