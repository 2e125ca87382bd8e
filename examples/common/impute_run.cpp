#include "examples/common/impute_run.hpp"

#include <utility>

#include "examples/common/build_commit.hpp"
#include "examples/common/score_json.hpp"
#include "stx/io/atomic_file.hpp"
#include "stx/version.hpp"

namespace stx {

namespace {

/// Names of the spots of the file that were left out, for want of any count.
std::vector<std::string> spots_without_counts(const CountData& st) {
  std::vector<char> kept(static_cast<std::size_t>(st.file.n_obs()), 0);
  for (const std::int64_t row : st.rows) kept[static_cast<std::size_t>(row)] = 1;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < kept.size(); ++i)
    if (!kept[i]) names.push_back(st.file.obs.index[i]);
  return names;
}

}  // namespace

ImputeRun::ImputeRun(RunName name, const ImputeFlags& flags)
    : progress(flags.common.quiet), name_(std::move(name)), flags_(flags) {
  check_h5ad_name("impute", "--out", flags.out);
  require<ArgumentError>(flags.common.resume.empty(), "--resume", "is of no use here: impute trains nothing");
  require<ArgumentError>(flags.common.sets.empty() && flags.common.config.empty(), "--set",
                         "is of no use here, nor is --config: settings are those of the model that was saved");
  require<DataError>(flags.json.empty() || flags.json != flags.out, flags.out,
                     "is the path of two outputs; give each its own");
  probe_outputs({flags.out, flags.json});
}

void ImputeRun::read(const std::vector<std::string>& inputs, const std::vector<std::string>& reference) {
  input = read_impute_input(flags_, inputs, reference, progress);
  load_seconds_ = seconds_since(start_);
}

nlohmann::json ImputeRun::provenance() const {
  return {{"version", version_string}, {"model", name_.model},       {"command", "impute"},   {"st", flags_.data.st},
          {"weights", flags_.model},   {"seed", flags_.common.seed}, {"device", name_.device}};
}

void ImputeRun::finish(std::int64_t n_imputed, const nlohmann::ordered_json& config,
                       const nlohmann::ordered_json& more) const {
  if (flags_.json.empty()) return;
  const CountData& st = input.st;
  const double total = seconds_since(start_);
  nlohmann::ordered_json json;
  json["stx"] = version_string;
  json["commit"] = build_commit();
  json["model"] = name_.model;
  json["command"] = "impute";
  json["weights"] = flags_.model;
  json["data"] = {{"st", flags_.data.st},
                  {"n_spots", st.file.n_obs()},
                  {"n_genes", st.var.rows()},
                  {"n_input_genes", input.st_inputs.size()},
                  {"spots_without_counts", spots_without_counts(st)},
                  {"notes", input.notes}};
  json["written"] = {{"st", flags_.out},
                     {"n_spots", st.file.n_obs()},
                     {"n_measured_genes", st.var.rows()},
                     {"n_imputed_genes", n_imputed}};
  json["config"] = config;
  json["device"] = {{"kind", name_.device}, {"name", name_.device_name}, {"threads", flags_.common.used_threads()}};
  json["seed"] = flags_.common.seed;
  json["seconds"] = {{"load", load_seconds_}, {"impute", total - load_seconds_}, {"total", total}};
  json["peak_rss_mb"] = number(peak_rss_mb());
  if (more.is_object()) json.update(more);
  write_text_atomically(flags_.json, json.dump(1) + "\n");
}

}  // namespace stx
