// What a long run has done so far: finished jobs and the training in progress, in one file.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "examples/common/cli.hpp"
#include "examples/common/job_result.hpp"

namespace stx {

/// `path`, or the same with a number in its name when that file exists: a new run leaves the
/// checkpoints of others alone.
std::string free_checkpoint_path(const std::string& path);

/// The jobs of a run by name. With a path, the state is written there on request and now and then, and
/// a run of the same settings can continue from it, bit for bit.
class RunState {
 public:
  /// `settings` identifies the run: a state of other settings is refused on resume(). `every`: see due().
  RunState(std::string path, nlohmann::ordered_json settings,
           std::chrono::duration<double> every = std::chrono::minutes(1))
      : path_(std::move(path)), settings_(std::move(settings)), every_(every), last_save_(Clock::now()) {}

  const std::string& path() const { return path_; }

  /// Takes over the content of a file written by save().
  /// @throws DataError when the file is damaged or belongs to other settings.
  void resume(const std::string& file_path);

  /// The result of a finished job, or nullptr.
  const JobResult* finished(const std::string& job) const {
    const auto found = finished_.find(job);
    return found == finished_.end() ? nullptr : &found->second;
  }
  /// The saved training state of an unfinished job, or nullptr.
  const FitState<float>* active(const std::string& job) const { return job == active_job_ ? &active_ : nullptr; }

  const JobResult& finish(const std::string& job, JobResult result) {
    if (job == active_job_) active_job_.clear();
    return finished_[job] = std::move(result);
  }

  /// Whether it is time to save again: no sooner than `every` after the last time, which spares the disk.
  bool due() const { return !path_.empty() && Clock::now() - last_save_ >= every_; }

  /// Takes the state of the training of `job`, for save().
  void keep(const std::string& job, FitState<float> state) {
    active_job_ = job;
    active_ = std::move(state);
  }

  /// Writes everything; `state` is the training in progress of `job`.
  void save(const std::string& job, FitState<float> state) {
    keep(job, std::move(state));
    save();
  }
  void save();

  /// Saves, with the files (absolute paths) that are written next: should the run be killed then, those that are
  /// there are its own.
  void save_before(std::vector<std::string> outputs) {
    outputs_ = std::move(outputs);
    save();
  }
  /// The files that the run which this one continues had begun to write; none when asked again.
  std::vector<std::string> take_outputs() { return std::exchange(outputs_, {}); }

  /// Removes the file, and what a killed run left of it: the run is complete.
  void remove_file() const;

 private:
  using Clock = std::chrono::steady_clock;

  std::string path_;
  nlohmann::ordered_json settings_;
  std::map<std::string, JobResult> finished_;
  std::string active_job_;
  FitState<float> active_;
  std::vector<std::string> outputs_;
  std::chrono::duration<double> every_;
  Clock::time_point last_save_;
};

/// The run's checkpoint: the one to continue from, or a new one at `path`.
RunState open_state(const CommonFlags& common, const std::string& path, nlohmann::ordered_json identity);

}  // namespace stx
