#include "examples/common/pair_run.hpp"

#include <algorithm>
#include <filesystem>

#include "stx/io/atomic_file.hpp"
#include "stx/version.hpp"

namespace stx {

namespace {

/// The file whatever the working folder.
std::string absolute(const std::string& path) { return std::filesystem::absolute(path).lexically_normal().string(); }

}  // namespace

void probe_outputs(const std::vector<std::string>& paths) {
  for (const std::string& path : paths)
    if (!path.empty()) AtomicFile probe(path);
}

nlohmann::json provenance(const RunFacts& facts) {
  return {{"version", version_string}, {"model", facts.model}, {"command", facts.command}, {"st", facts.st},
          {"sc", facts.sc}, {"seed", facts.seed}, {"device", facts.device}, {"config", nlohmann::json(facts.config)}};
}

void PairRun::will_write(const std::vector<std::string>& paths) {
  std::copy_if(paths.begin(), paths.end(), std::back_inserter(outputs_), [](const std::string& p) { return !p.empty(); });
  if (common_.resume.empty()) probe_outputs(outputs_);
}

void PairRun::save_before_outputs() {
  std::vector<std::string> paths;
  for (const std::string& path : outputs_) paths.push_back(absolute(path));
  try {
    state_->save_before(std::move(paths));
  } catch (const DataError&) {  // no room for a checkpoint; the results may go to another disk
  }
}

void PairRun::begin(const std::string& checkpoint, const nlohmann::ordered_json& protocol) {
  facts.load_seconds = seconds();
  nlohmann::ordered_json identity = {{"model", facts.model}, {"command", facts.command}};
  identity.update(protocol);
  identity.update({{"seed", facts.seed}, {"config", facts.config}, {"n_spots", pair.st.counts.rows},
                   {"n_shared", pair.n_shared()}, {"device", facts.device}});
  state_.emplace(open_state(common_, checkpoint, std::move(identity)));
  const std::vector<std::string> begun = state_->take_outputs();
  for (const std::string& path : outputs_)
    if (std::error_code ignored; std::find(begun.begin(), begun.end(), absolute(path)) != begun.end())
      std::filesystem::remove(path, ignored);
  probe_outputs(outputs_);
  tools_.emplace(RunTools{*state_, progress, "Continue with the same command and --resume " + state_->path()});
  interrupts_.emplace();
}

}  // namespace stx
