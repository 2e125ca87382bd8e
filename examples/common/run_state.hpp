// What a long run has done so far: finished jobs and the training in progress, in one file.
#pragma once

#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "stx/data/matrix.hpp"
#include "stx/io/safetensors.hpp"
#include "stx/train/fit.hpp"
#include "stx/version.hpp"

namespace stx {

/// What one training (a fold, a seed, a variant) leaves behind.
struct JobResult {
  Matrix<float> prediction;         ///< rows scored x targets
  Matrix<float> attention;          ///< rows scored x clusters; may be empty
  std::vector<EpochRecord> epochs;  ///< the loss curve
  std::int64_t best_epoch = -1;
  double predict_seconds = 0;
  double second_pass_seconds = 0;  ///< of a second training for the chosen number of epochs

  double train_seconds() const {
    double sum = second_pass_seconds;
    for (const EpochRecord& e : epochs) sum += e.train_seconds;
    return sum;
  }
};

/// `path`, or the same with a number in its name when that file exists: a new run leaves the
/// checkpoints of others alone.
inline std::string free_checkpoint_path(const std::string& path) {
  const std::filesystem::path wanted(path);
  std::filesystem::path free = wanted;
  for (int number = 2; std::filesystem::exists(free); ++number)
    free.replace_filename(wanted.stem().string() + "-" + std::to_string(number) + wanted.extension().string());
  return free.string();
}

/// The jobs of a run by name. With a path, the state is written there on request and now and then, and
/// a run of the same settings can continue from it, bit for bit.
class RunState {
 public:
  /// `settings` identifies the run: a state of other settings is refused on resume().
  RunState(std::string path, nlohmann::ordered_json settings)
      : path_(std::move(path)), settings_(std::move(settings)), last_save_(Clock::now()) {}

  const std::string& path() const { return path_; }

  /// Takes over the content of a file written by save().
  /// @throws DataError when the file is damaged or belongs to other settings.
  void resume(const std::string& file_path) {
    const SafetensorsFile file = read_safetensors(file_path);
    const auto found = file.metadata.find("run");
    require<DataError>(found != file.metadata.end(), file_path, "is not a checkpoint of a run");
    const auto stored = nlohmann::ordered_json::parse(found->second, nullptr, false);
    for (const auto& [key, value] : settings_.items())
      require<DataError>(stored.is_object() && stored.contains(key) && stored[key] == value, file_path,
                         "belongs to a run with other settings: '", key, "' was ",
                         stored.is_object() && stored.contains(key) ? stored[key].dump() : "not set",
                         ", now it is ", value.dump());
    for (const auto& [name, tensor] : file.tensors) {
      const std::size_t slash = name.rfind('/');
      if (slash == std::string::npos || name.substr(slash) != "/prediction") continue;
      const std::string job = name.substr(0, slash);
      JobResult& r = finished_[job];
      r.prediction = matrix(file, job + "/prediction");
      r.attention = matrix(file, job + "/attention");
      r.epochs = epochs(file, job + "/epochs");
      const auto& info = file.get<double>(job + "/info", {3});
      r.best_epoch = static_cast<std::int64_t>(info[0]);
      r.predict_seconds = info[1];
      r.second_pass_seconds = info[2];
    }
    const auto active = file.metadata.find("active");
    if (active != file.metadata.end()) {
      active_job_ = active->second;
      const auto flat = [&](const char* name) {
        const auto size = static_cast<std::int64_t>(file.tensors.count(name) ? size_of(file.tensors.at(name)) : 0);
        return file.get<float>(name, {size});
      };
      active_.values = flat("active/values");
      active_.best = flat("active/best");
      active_.means = flat("active/means");
      active_.squares = flat("active/squares");
      active_.epochs = epochs(file, "active/epochs");
      const auto& s = file.get<double>("active/stopping", {6});
      active_.stopping = {static_cast<std::int64_t>(s[0]), s[1], static_cast<std::int64_t>(s[2]),
                          static_cast<std::int64_t>(s[3])};
      active_.step = static_cast<std::uint32_t>(s[4]);
      active_.first_step = static_cast<std::uint32_t>(s[5]);
    }
  }

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

  /// Whether it is time to save again; spares the disk.
  bool due() const { return !path_.empty() && Clock::now() - last_save_ > std::chrono::seconds(60); }

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
  void save() {
    last_save_ = Clock::now();
    if (path_.empty()) return;
    TensorMap tensors;
    for (const auto& [name, r] : finished_) {
      tensors[name + "/prediction"] = {{r.prediction.rows, r.prediction.cols}, r.prediction.values};
      tensors[name + "/attention"] = {{r.attention.rows, r.attention.cols}, r.attention.values};
      tensors[name + "/epochs"] = pack(r.epochs);
      tensors[name + "/info"] = {{3}, std::vector<double>{static_cast<double>(r.best_epoch), r.predict_seconds,
                                                       r.second_pass_seconds}};
    }
    const auto flat = [](const std::vector<float>& v) {
      return SafeTensor{{static_cast<std::int64_t>(v.size())}, v};
    };
    tensors["active/values"] = flat(active_.values);
    tensors["active/best"] = flat(active_.best);
    tensors["active/means"] = flat(active_.means);
    tensors["active/squares"] = flat(active_.squares);
    tensors["active/epochs"] = pack(active_.epochs);
    const EarlyStopping& s = active_.stopping;
    tensors["active/stopping"] = {{6}, std::vector<double>{static_cast<double>(s.patience), s.best,
                                                           static_cast<double>(s.best_epoch),
                                                           static_cast<double>(s.waited),
                                                           static_cast<double>(active_.step),
                                                           static_cast<double>(active_.first_step)}};
    write_safetensors(path_, tensors, {{"stx", version_string}, {"run", settings_.dump()}, {"active", active_job_}}, true);
  }

  /// Removes the file: the run is complete.
  void remove_file() const {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove(path_, ignored);
  }

 private:
  using Clock = std::chrono::steady_clock;

  static std::size_t size_of(const SafeTensor& t) {
    return std::visit([](const auto& v) { return v.size(); }, t.values);
  }
  static SafeTensor pack(const std::vector<EpochRecord>& epochs) {
    std::vector<double> flat;
    for (const EpochRecord& e : epochs) flat.insert(flat.end(), {e.loss, e.score, e.train_seconds});
    return {{static_cast<std::int64_t>(epochs.size()), 3}, flat};
  }
  static std::vector<EpochRecord> epochs(const SafetensorsFile& file, const std::string& name) {
    const auto found = file.tensors.find(name);
    require<DataError>(found != file.tensors.end(), file.path, "has no tensor '", name, "'");
    const auto n = static_cast<std::int64_t>(size_of(found->second) / 3);
    const auto& flat = file.get<double>(name, {n, 3});
    std::vector<EpochRecord> records;
    for (std::int64_t i = 0; i < n; ++i) records.push_back({flat[3 * i], flat[3 * i + 1], flat[3 * i + 2]});
    return records;
  }
  static Matrix<float> matrix(const SafetensorsFile& file, const std::string& name) {
    const auto found = file.tensors.find(name);
    require<DataError>(found != file.tensors.end() && found->second.shape.size() == 2, file.path,
                       "has no matrix '", name, "'");
    Matrix<float> m;
    m.rows = found->second.shape[0];
    m.cols = found->second.shape[1];
    m.values = file.get<float>(name, found->second.shape);
    return m;
  }

  std::string path_;
  nlohmann::ordered_json settings_;
  std::map<std::string, JobResult> finished_;
  std::string active_job_;
  FitState<float> active_;
  Clock::time_point last_save_;
};

}  // namespace stx
