#include "examples/common/run_state.hpp"

#include "stx/io/leftover_files.hpp"
#include "stx/io/safetensors.hpp"
#include "stx/version.hpp"

namespace stx {

namespace {

std::size_t size_of(const SafeTensor& t) {
  return std::visit([](const auto& v) { return v.size(); }, t.values);
}

SafeTensor pack(const std::vector<EpochRecord>& epochs) {
  std::vector<double> flat;
  for (const EpochRecord& e : epochs) flat.insert(flat.end(), {e.loss, e.score, e.train_seconds});
  return {{static_cast<std::int64_t>(epochs.size()), 3}, flat};
}

std::vector<EpochRecord> epochs(const SafetensorsFile& file, const std::string& name) {
  const auto found = file.tensors.find(name);
  require<DataError>(found != file.tensors.end(), file.path, "has no tensor '", name, "'");
  const auto n = static_cast<std::int64_t>(size_of(found->second) / 3);
  const auto& flat = file.get<double>(name, {n, 3});
  std::vector<EpochRecord> records;
  for (std::int64_t i = 0; i < n; ++i) records.push_back({flat[3 * i], flat[3 * i + 1], flat[3 * i + 2]});
  return records;
}

Matrix<float> matrix(const SafetensorsFile& file, const std::string& name) {
  const auto found = file.tensors.find(name);
  require<DataError>(found != file.tensors.end() && found->second.shape.size() == 2, file.path, "has no matrix '", name,
                     "'");
  Matrix<float> m;
  m.rows = found->second.shape[0];
  m.cols = found->second.shape[1];
  m.values = file.get<float>(name, found->second.shape);
  return m;
}

/// Adds the settings that differ, with both values; objects are compared member by member.
void add_differences(const nlohmann::ordered_json& was, const nlohmann::ordered_json& is, const std::string& name,
                     std::string& text) {
  if (was == is) return;
  if (!was.is_object() || !is.is_object()) {
    const auto value = [](const nlohmann::ordered_json& v) { return v.is_null() ? "not set" : v.dump(); };
    text += detail::concat(text.empty() ? "'" : ", '", name, "' was ", value(was), ", now it is ", value(is));
    return;
  }
  const auto member = [](const nlohmann::ordered_json& object, const std::string& key) {
    return object.contains(key) ? object[key] : nlohmann::ordered_json();
  };
  for (const auto& [key, value] : is.items()) add_differences(member(was, key), value, key, text);
  for (const auto& [key, value] : was.items())
    if (!is.contains(key)) add_differences(value, {}, key, text);
}

}  // namespace

std::string free_checkpoint_path(const std::string& path) {
  const std::filesystem::path wanted(path);
  std::filesystem::path free = wanted;
  for (int number = 2; std::filesystem::exists(free); ++number)
    free.replace_filename(wanted.stem().string() + "-" + std::to_string(number) + wanted.extension().string());
  return free.string();
}

void RunState::resume(const std::string& file_path) {
  const SafetensorsFile file = read_safetensors(file_path);
  const auto found = file.metadata.find("run");
  require<DataError>(found != file.metadata.end(), file_path, "is not a checkpoint of a run");
  const auto stored = nlohmann::ordered_json::parse(found->second, nullptr, false);
  require<DataError>(stored.is_object(), file_path, "is not a checkpoint of a run: its settings cannot be read");
  std::string others;
  add_differences(stored, settings_, "", others);
  require<DataError>(others.empty(), file_path, "belongs to a run with other settings: ", others,
                     ". Give the settings of that run, or begin anew without --resume");
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
    const std::string more = job + "/more/";
    for (auto it = file.tensors.lower_bound(more); it != file.tensors.end() && it->first.starts_with(more); ++it)
      r.more[it->first.substr(more.size())] = matrix(file, it->first);
  }
  const auto outputs = file.metadata.find("outputs");
  if (outputs != file.metadata.end())
    for (const auto& path : nlohmann::json::parse(outputs->second, nullptr, false))
      if (path.is_string()) outputs_.push_back(path);
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
    active_.buffers = flat("active/buffers");
    active_.best_buffers = flat("active/best_buffers");
    active_.epochs = epochs(file, "active/epochs");
    const auto& s = file.get<double>("active/stopping", {6});
    active_.stopping = {static_cast<std::int64_t>(s[0]), s[1], static_cast<std::int64_t>(s[2]),
                        static_cast<std::int64_t>(s[3])};
    active_.step = static_cast<std::uint32_t>(s[4]);
    active_.first_step = static_cast<std::uint32_t>(s[5]);
  }
}

void RunState::save() {
  last_save_ = Clock::now();
  if (path_.empty()) return;
  TensorMap tensors;
  for (const auto& [name, r] : finished_) {
    tensors[name + "/prediction"] = {{r.prediction.rows, r.prediction.cols}, r.prediction.values};
    tensors[name + "/attention"] = {{r.attention.rows, r.attention.cols}, r.attention.values};
    for (const auto& [key, values] : r.more)
      tensors[name + "/more/" + key] = {{values.rows, values.cols}, values.values};
    tensors[name + "/epochs"] = pack(r.epochs);
    tensors[name + "/info"] = {
        {3}, std::vector<double>{static_cast<double>(r.best_epoch), r.predict_seconds, r.second_pass_seconds}};
  }
  const auto flat = [](const std::vector<float>& v) { return SafeTensor{{static_cast<std::int64_t>(v.size())}, v}; };
  tensors["active/values"] = flat(active_.values);
  tensors["active/best"] = flat(active_.best);
  tensors["active/means"] = flat(active_.means);
  tensors["active/squares"] = flat(active_.squares);
  tensors["active/buffers"] = flat(active_.buffers);
  tensors["active/best_buffers"] = flat(active_.best_buffers);
  tensors["active/epochs"] = pack(active_.epochs);
  const EarlyStopping& s = active_.stopping;
  tensors["active/stopping"] = {
      {6},
      std::vector<double>{static_cast<double>(s.patience), s.best, static_cast<double>(s.best_epoch),
                          static_cast<double>(s.waited), static_cast<double>(active_.step),
                          static_cast<double>(active_.first_step)}};
  write_safetensors(path_, tensors,
                    {{"stx", version_string},
                     {"run", settings_.dump()},
                     {"active", active_job_},
                     {"outputs", nlohmann::json(outputs_).dump()}},
                    true);
}

void RunState::remove_file() const {
  if (path_.empty()) return;
  std::error_code ignored;
  const std::filesystem::path path(path_);
  std::filesystem::remove(path, ignored);
  remove_leftovers(path.has_parent_path() ? path.parent_path().string() : ".", "." + path.filename().string() + ".");
}

RunState open_state(const CommonFlags& common, const std::string& path, nlohmann::ordered_json identity) {
  const std::chrono::duration<double> every(common.checkpoint_every);
  if (common.resume.empty()) return RunState(free_checkpoint_path(path), std::move(identity), every);
  RunState state(common.resume, std::move(identity), every);
  state.resume(common.resume);
  return state;
}

}  // namespace stx
