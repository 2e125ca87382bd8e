// The flags of the four commands that every runner has; a runner adds its own by inheriting.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "examples/common/cli.hpp"

namespace stx {

/// Refuses an empty name of an AnnData file to write, and one that ends like a file of another format.
/// @throws ArgumentError naming `command` and `flag`.
void check_h5ad_name(std::string_view command, std::string_view flag, const std::string& path);

struct FitFlags {
  CommonFlags common;
  DataFlags data;
  std::string genes = "all";
  std::string out, save, json, report;
  int folds = 5;

  void add_to(CLI::App& app);
  /// `shows_model`: the report has something to show without cross-validation too.
  /// @throws ArgumentError for flags that contradict one another.
  void check(bool shows_model = false) const;
};

struct ImputeFlags {
  CommonFlags common;
  DataFlags data;  ///< only the spatial side
  std::string model;
  std::string genes = "all";
  std::string out, json;

  void add_to(CLI::App& app, bool needs_cells = false);
};

struct EvaluateFlags {
  CommonFlags common;
  DataFlags data;
  std::string protocol = "genes";
  int folds = 5;
  int seeds = 1;
  std::int64_t most_variable = 0;
  std::string json, report;

  void add_to(CLI::App& app, const std::vector<std::string>& protocols);
  /// @throws ArgumentError for numbers that make no evaluation.
  void check() const;
  /// seed, seed + 1, ...
  std::vector<std::uint64_t> seed_list() const;
};

struct DemoFlags {
  CommonFlags common;
  std::string folder = "demo";
  std::int64_t n_spots = 2000;
  std::int64_t n_cells = 1500;
  std::int64_t n_genes = 300;    ///< genes of the cells
  std::int64_t n_measured = 60;  ///< genes of the spatial panel
  int folds = 5;                 ///< of the cross-validation; 0 leaves it out

  void add_to(CLI::App& app);
};

}  // namespace stx
