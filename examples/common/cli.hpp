// What the command lines of all runners share.
#pragma once

#include <CLI/CLI.hpp>

#include <cstdio>
#include <string>
#include <vector>

#include "examples/common/settings.hpp"
#include "stx/core/context.hpp"
#include "stx/io/delimited.hpp"
#include "stx/train/interrupt.hpp"
#include "stx/version.hpp"

namespace stx {

/// Flags of every command.
struct CommonFlags {
  std::string device = "auto";
  int threads = 0;
  std::uint64_t seed = 0;
  std::string config;
  std::vector<std::string> sets;
  std::string resume;
  bool quiet = false;

  void add_to(CLI::App& app, const std::string& settings_help) {
    app.add_option("--device", device, "auto, cpu or cuda")->check(CLI::IsMember({"auto", "cpu", "cuda"}));
    app.add_option("--threads", threads, "CPU threads; 0 = all")->check(CLI::Range(0, 1024));
    app.add_option("--seed", seed, "key of all random numbers");
    app.add_option("--config", config, "JSON file of settings");
    app.add_option("--set", sets, "one setting, key=value; may be repeated")->allow_extra_args(false);
    app.add_option("--resume", resume, "continue from this checkpoint");
    app.add_flag("--quiet", quiet, "no progress on standard error");
    app.footer("Settings (--set key=value, or --config FILE.json):\n" + settings_help);
  }

  int used_threads() const { return threads > 0 ? threads : available_threads(); }

  /// The settings after --config and then --set, checked.
  template <class S>
  S settings() const {
    S s;
    if (!config.empty()) apply_settings_file(s, config);
    for (const std::string& assignment : sets) apply_assignment(s, assignment);
    s.check();
    return s;
  }
};

/// Flags that name the data.
struct DataFlags {
  std::string st, sc;
  std::string st_layer, sc_layer;
  std::string gene_table;
  bool fold_case = false;

  void add_to(CLI::App& app, bool needs_cells = true) {
    app.add_option("--st", st, "spatial counts: .h5ad, 10x .h5, folder with matrix.mtx, .csv or .tsv")->required();
    if (needs_cells) app.add_option("--sc", sc, "single-cell counts, same formats")->required();
    app.add_option("--st-layer", st_layer, "matrix of the spatial file that holds counts: X, raw or a layer");
    if (needs_cells) app.add_option("--sc-layer", sc_layer, "the same for the single-cell file");
    app.add_option("--gene-table", gene_table, "CSV or TSV with two columns (name, common name), e.g. Ensembl to symbol");
    app.add_flag("--ignore-case", fold_case, "match gene names whatever their case");
  }
};

/// The processor's name as the system gives it, or "cpu".
inline std::string cpu_name() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);)
    if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
  return "cpu";
}

/// Runs `body` and turns exceptions into messages and exit statuses: 0 done, 2 wrong usage, 1 data or
/// machine, 130 interrupted with a checkpoint.
template <class F>
int guarded(F&& body) {
  try {
    body();
    return 0;
  } catch (const Interrupted& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 130;
  } catch (const ArgumentError& e) {
    std::fprintf(stderr, "error: %s\n", e.what());
    return 2;
  } catch (const std::bad_alloc&) {
    std::fprintf(stderr, "error: out of memory\n");
    return 1;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "error: %s\n", e.what());
    return 1;
  }
}

}  // namespace stx
