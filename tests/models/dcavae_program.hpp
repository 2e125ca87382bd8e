// The program `dcavae` and small data for it.
#pragma once

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "models/program.hpp"

namespace dcavae_program {

using Flags = std::vector<std::string>;
using Json = nlohmann::ordered_json;

/// Settings of a training that takes a moment.
inline Flags quick() {
  Flags flags;
  for (const char* setting : {"hidden=16", "latent=5", "max_epochs=2", "batch_size=64", "posterior_samples=10", "k=10",
                              "position_epochs=3", "epoch_iterations=1"}) {
    flags.push_back("--set");
    flags.push_back(setting);
  }
  flags.push_back("--threads");
  flags.push_back("1");
  return flags;
}

/// A folder with st.h5ad and sc.h5ad and the program in it. `empty_spot`: spot 7 has no counts.
struct Workplace {
  golden::Folder folder;
  program::Pair pair = program::make_pair();
  program::Program dcavae{STX_DCAVAE_PROGRAM, folder.path()};

  explicit Workplace(bool empty_spot = false) {
    auto& spots = std::get<stx::CsrMatrix<float>>(*pair.st.x);
    for (auto e = spots.indptr[7]; empty_spot && e < spots.indptr[8]; ++e)
      spots.values[static_cast<std::size_t>(e)] = 0;
    std::vector<std::string> types;
    for (std::size_t i = 0; i < pair.sc.obs.index.size(); ++i) types.push_back(i % 3 == 0 ? "round" : "long");
    pair.sc.obs.set("cell_type", types);
    types.clear();
    for (std::size_t i = 0; i < pair.st.obs.index.size(); ++i) types.push_back(i % 4 == 0 ? "round" : "long");
    pair.st.obs.set("cell_type", types);
    write();
  }
  void write() const { program::write_pair(pair, folder); }

  Flags on_pair(const std::string& command, const Flags& flags = {}) const {
    using program::operator+;
    return Flags{command, "--st", "st.h5ad", "--sc", "sc.h5ad", "--folds", "2"} + quick() + flags;
  }
  nlohmann::ordered_json json(const std::string& name) const {
    return nlohmann::ordered_json::parse(golden::slurp(folder / name));
  }
};

/// Names of the members of a JSON object, in their order.
inline Flags keys(const Json& object) {
  Flags names;
  for (const auto& [key, value] : object.items()) names.push_back(key);
  return names;
}

/// What the JSON of every run that scores holds, and within which bounds.
inline void check_json(const Json& j, const std::string& command, const std::string& protocol, std::size_t n_scored) {
  CHECK(j["model"] == "dcavae");
  CHECK(j["command"] == command);
  CHECK(j["protocol"] == protocol);
  CHECK(j["config"]["revision"] == "sound");
  CHECK(j["config"]["hidden"] == 16);
  const Json& m = j["metrics"];
  CHECK(m["pcc"]["mean"].is_number());
  CHECK((m["auc"].get<double>() >= 0 && m["auc"].get<double>() <= 1));
  CHECK(keys(m["calibration"]) ==
        Flags{"slope", "intercept", "slope_median", "intercept_median", "genes", "all_genes", "rule"});
  CHECK(m["calibration"]["all_genes"]["genes"] == n_scored);
  for (const char* kind : {"gene_coverage", "gene_coverage_randomised"})
    CHECK(keys(m[kind]["90"]) == Flags{"genes", "mean", "5", "25", "50", "75", "95"});
  CHECK(m.contains("further_gene_coverage") == (protocol == "genes"));
  CHECK(j["uncertainty_per_seed"].size() == 1);
  CHECK(j["uncertainty_per_seed"][0]["gene_coverage"] == m["gene_coverage"]);
  const std::string commit = j["commit"];
  CHECK((commit == "unknown" ||
         commit.find_first_not_of("0123456789abcdef") == std::min(commit.find("-dirty"), commit.npos)));
  for (const char* kind : {"coverage", "coverage_randomised", "interval_width"})
    CHECK(keys(m[kind]) == Flags{"50", "80", "90", "95"});
  double last = 0;
  for (const auto& [level, share] : m["coverage"].items()) {
    CHECK((share.get<double>() >= last && share.get<double>() <= 1));
    last = share.get<double>();
  }
  CHECK(j["counts"]["metrics"]["rmse"]["mean"].is_number());
  CHECK(keys(j["counts"]["baselines"]) == keys(j["baselines"]));
  CHECK(j["per_gene"].size() == n_scored);
  CHECK(j["uncertainty_per_gene"].size() == n_scored);
  for (const char* score : {"pcc", "scc", "kendall", "rmse"}) {
    Flags methods = keys(j["tests"][score]), baselines = keys(j["baselines"]);
    CHECK(methods == baselines);
  }
}

}  // namespace dcavae_program
