// What the command lines of all runners share.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "examples/common/cpu_name.hpp"
#include "stx/core/context.hpp"

namespace CLI {
class App;
}

namespace stx {

/// Flags of every command.
struct CommonFlags {
  std::string device = "auto";
  int threads = 0;
  std::uint64_t seed = 0;
  std::string config;
  std::vector<std::string> sets;
  std::string resume;
  double checkpoint_every = 60;  ///< seconds
  bool quiet = false;

  /// `settings_help`: the settings with their defaults; empty for a command that trains nothing.
  void add_to(CLI::App& app, const std::string& settings_help);

  int used_threads() const { return threads_or_all(threads); }
};

/// Flags that name the data.
struct DataFlags {
  std::string st, sc;
  std::string st_layer, sc_layer;
  std::string gene_table;
  bool fold_case = false;

  void add_to(CLI::App& app, bool needs_cells = true);
};

/// Runs `body` and turns exceptions into messages and exit statuses: 0 done, 2 wrong usage, 1 data or
/// machine, 130 interrupted with a checkpoint.
int guarded(const std::function<void()>& body);

}  // namespace stx
