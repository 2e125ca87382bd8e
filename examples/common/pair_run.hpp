// A command on a pair of data sets, from the first look at its outputs to the last file.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>

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
void probe_outputs(std::initializer_list<std::string> paths);

/// uns['stx'] of a file imputed by a run, or by a saved model.
nlohmann::json provenance(const RunFacts& facts);
nlohmann::json provenance(const std::string& model, const std::string& st, const std::string& weights,
                          const std::string& device);

/// The data, the facts, the checkpoint and the clock of one command. In this order: load(), begin(),
/// the work with tools(), finish().
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

  void load(const DataFlags& data, nlohmann::ordered_json config) {
    facts.st = data.st;
    facts.sc = data.sc;
    facts.config = std::move(config);
    pair = load_pair(data, progress);
  }

  /// Opens the checkpoint, which continues only a run of the same identity: model, command, settings,
  /// seed, device, size of the data, and `protocol`, an object of whatever else decides the numbers.
  void begin(const std::string& checkpoint, const nlohmann::ordered_json& protocol);
  RunTools& tools() { return *tools_; }

  double seconds() const { return seconds_since(start_); }
  /// Writes the results; should that fail, the work goes to the checkpoint, which is removed otherwise.
  template <class Write>
  void finish(Write&& write) {
    write_results(*tools_, write);
    state_->remove_file();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  CommonFlags common_;
  std::optional<RunState> state_;
  std::optional<RunTools> tools_;
  std::optional<InterruptScope> interrupts_;

 public:
  Progress progress;
  PairData pair;
  RunFacts facts;
};

}  // namespace stx
