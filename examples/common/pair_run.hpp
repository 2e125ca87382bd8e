// A command on a pair of data sets, from the first look at its outputs to the last file.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "examples/common/clock.hpp"
#include "examples/common/outputs.hpp"
#include "examples/common/pair_flags.hpp"
#include "examples/common/train_job.hpp"
#include "stx/train/interrupt.hpp"

namespace stx {

/// What a run is known by before any data are read.
struct RunName {
  std::string model, command, device, device_name;
};

/// Refuses outputs that could not be written later; empty paths are not asked for.
void probe_outputs(const std::vector<std::string>& paths);

/// uns['stx'] of a file imputed by a run.
nlohmann::json provenance(const RunFacts& facts);

/// The data, the facts, the checkpoint and the clock of one command. In this order: will_write(), load(),
/// begin(), the work with tools(), finish().
class PairRun {
 public:
  PairRun(const RunName& name, const CommonFlags& common) : common_(common), progress(common.quiet) {
    facts.model = name.model;
    facts.command = name.command;
    facts.device = name.device;
    facts.device_name = name.device_name;
    facts.threads = common.used_threads();
    facts.seed = common.seed;
  }

  /// Refuses outputs that could not be written later; empty paths are not asked for. With --resume only begin()
  /// does, for some may be there that the run which is continued was killed after writing: it removes these.
  void will_write(const std::vector<std::string>& paths);

  void load(const DataFlags& data, nlohmann::ordered_json config) {
    facts.st = data.st;
    facts.sc = data.sc;
    facts.config = std::move(config);
    pair = load_pair(data, progress);
  }

  /// Opens the checkpoint, beside `output` as OUTPUT.checkpoint or, without one, as MODEL-COMMAND.checkpoint in the
  /// current folder; it continues only a run of the same identity: model, command, settings,
  /// seed, device, data, and `protocol`, an object of whatever else decides the numbers.
  void begin(const std::string& output, const nlohmann::ordered_json& protocol);
  RunTools& tools() { return *tools_; }

  double seconds() const { return seconds_since(start_); }
  /// Writes the results. Should that fail, or the run be killed meanwhile, the checkpoint has all the work;
  /// otherwise it is removed.
  template <class Write>
  void finish(Write&& write) {
    save_before_outputs();
    write_results(*tools_, write);
    state_->remove_file();
  }

 private:
  void save_before_outputs();

  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  CommonFlags common_;
  std::vector<std::string> outputs_;
  std::optional<RunState> state_;
  std::optional<RunTools> tools_;
  std::optional<InterruptScope> interrupts_;

 public:
  Progress progress;
  PairData pair;
  RunFacts facts;
};

}  // namespace stx
