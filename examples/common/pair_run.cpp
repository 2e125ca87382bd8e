#include "examples/common/pair_run.hpp"

#include "stx/io/atomic_file.hpp"
#include "stx/version.hpp"

namespace stx {

void probe_outputs(std::initializer_list<std::string> paths) {
  for (const std::string& path : paths)
    if (!path.empty()) AtomicFile probe(path);
}

nlohmann::json provenance(const RunFacts& facts) {
  return {{"version", version_string}, {"model", facts.model}, {"command", facts.command}, {"st", facts.st},
          {"sc", facts.sc}, {"seed", facts.seed}, {"device", facts.device}, {"config", nlohmann::json(facts.config)}};
}

nlohmann::json provenance(const std::string& model, const std::string& st, const std::string& weights,
                          const std::string& device) {
  return {{"version", version_string}, {"model", model}, {"command", "impute"}, {"st", st}, {"weights", weights},
          {"device", device}};
}

void PairRun::begin(const std::string& checkpoint, const nlohmann::ordered_json& protocol) {
  facts.load_seconds = seconds();
  nlohmann::ordered_json identity = {{"model", facts.model}, {"command", facts.command}};
  identity.update(protocol);
  identity.update({{"seed", facts.seed}, {"config", facts.config}, {"n_spots", pair.st.counts.rows},
                   {"n_shared", pair.n_shared()}, {"device", facts.device}});
  state_.emplace(open_state(common_, checkpoint, std::move(identity)));
  tools_.emplace(RunTools{*state_, progress, "Continue with the same command and --resume " + state_->path()});
  interrupts_.emplace();
}

}  // namespace stx
