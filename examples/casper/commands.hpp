// The commands of `casper`, for one device.
#pragma once

#include <cstdint>
#include <string>

#include "examples/common/cli.hpp"

namespace stx::casper {

struct EvaluateCommand {
  CommonFlags common;
  DataFlags data;
  std::string protocol = "genes";
  bool blocks = false;
  int folds = 5;
  int seeds = 1;
  std::int64_t most_variable = 0;
  std::string test_spots, train_spots;
  std::string json, report;
};

struct FitCommand {
  CommonFlags common;
  DataFlags data;
  std::string genes = "all";
  std::string out, save, json, report;
  int folds = 5;
};

struct ImputeCommand {
  CommonFlags common;
  DataFlags data;  ///< only the spatial side
  std::string model;
  std::string genes = "all";
  std::string out;
};

/// One table row per method on standard output, and the files that were asked for.
void evaluate_on_cpu(const EvaluateCommand& command);
void fit_on_cpu(const FitCommand& command);
void impute_on_cpu(const ImputeCommand& command);

/// The same on a GPU; throws DeviceError when this program was built without CUDA or finds no device.
bool cuda_available();
void evaluate_on_cuda(const EvaluateCommand& command);
void fit_on_cuda(const FitCommand& command);
void impute_on_cuda(const ImputeCommand& command);

}  // namespace stx::casper
