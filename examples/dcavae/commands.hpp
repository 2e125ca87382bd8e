// The commands of `dcavae`, for one device.
#pragma once

#include <optional>
#include <string>

#include "examples/common/commands.hpp"

namespace stx::dcavae {

struct FitCommand : FitFlags {
  std::string out_cells;                    ///< second output: the single cells with latents and positions
  std::optional<std::int64_t> extra_genes;  ///< the setting of that name, which the revision gives where neither is set
  std::string cache;                        ///< folder where lists of partners are kept
  std::string level = "90";                 ///< of the interval layers, percent: one of 50, 80, 90, 95
  bool rounded = false;

  void add_to(CLI::App& app);
};

struct ImputeCommand : ImputeFlags {
  std::string level = "90";
  bool rounded = false;

  void add_to(CLI::App& app);
};

struct EvaluateCommand : EvaluateFlags {
  std::string methods = "all";  ///< which methods stand beside the model
  std::string cache;            ///< folder where lists of partners are kept
  bool ablations = false;       ///< score the paper's ablations as further methods
  bool mends = false;           ///< score the model with each mend of `sound` off as further methods
  bool rounded = false;

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

}  // namespace stx::dcavae
