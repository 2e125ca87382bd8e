// The commands of `casper`, for one device.
#pragma once

#include <string>

#include "examples/common/commands.hpp"

namespace stx::casper {

using FitCommand = FitFlags;
using ImputeCommand = ImputeFlags;

struct EvaluateCommand : EvaluateFlags {
  bool blocks = false;
  std::string test_spots, train_spots;

  void add_to(CLI::App& app);
};

/// One table row per method on standard output, and the files that were asked for.
void on_cpu(const EvaluateCommand& command);
void on_cpu(const FitCommand& command);
void on_cpu(const ImputeCommand& command);

/// Why no GPU can be used: a program built without CUDA, no driver, no device. Empty where one can.
std::string why_no_cuda();
/// The same on a GPU; throws DeviceError where none can be used.
void on_cuda(const EvaluateCommand& command);
void on_cuda(const FitCommand& command);
void on_cuda(const ImputeCommand& command);

}  // namespace stx::casper
