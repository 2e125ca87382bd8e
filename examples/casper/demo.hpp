// `casper demo`: a simulated tissue, files as a user would have them, then `fit`.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "examples/casper/commands.hpp"

namespace stx::casper {

struct DemoCommand {
  CommonFlags common;
  std::string folder = "casper-demo";
  std::int64_t n_spots = 2000;
  std::int64_t n_cells = 1500;
  std::int64_t n_genes = 300;    ///< genes of the cells
  std::int64_t n_measured = 60;  ///< genes of the spatial panel
  int folds = 5;                 ///< of the cross-validation; 0 leaves it out
};

/// Makes the files, then calls `fit` on them.
void run_demo(const DemoCommand& command, const std::function<void(const FitCommand&)>& fit);

}  // namespace stx::casper
