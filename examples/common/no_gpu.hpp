// Why a run cannot use a GPU, in words. No CUDA here: the tests see it in every build.
#pragma once

#include <string>

#include "stx/core/error.hpp"

namespace stx {

/// What the CUDA runtime answers when it is asked for GPUs. Versions are 1000 x major + 10 x minor.
struct GpuSearch {
  int n_devices = 0;
  int driver = 0;       ///< newest CUDA version that the driver knows; 0: no driver
  int runtime = 0;      ///< CUDA version of this program
  std::string failure;  ///< the runtime's words; empty for none
};

/// Empty where a GPU can be used.
inline std::string why_no_gpu(const GpuSearch& found) {
  const auto version = [](int v) { return detail::concat("CUDA ", v / 1000, ".", v % 1000 / 10); };
  if (found.failure.empty() && found.n_devices > 0) return {};
  if (found.driver == 0)
    return "this machine has no NVIDIA driver (libcuda.so.1), or no GPU; install the driver, or use --device cpu";
  if (found.driver < found.runtime)
    return detail::concat("the NVIDIA driver is made for ", version(found.driver), ", this program for ",
                          version(found.runtime), "; update the driver, or use --device cpu");
  return detail::concat("the NVIDIA driver offers no GPU",
                        found.failure.empty() ? "" : detail::concat(" (", found.failure, ")"),
                        "; see what nvidia-smi and CUDA_VISIBLE_DEVICES say, or use --device cpu");
}

/// The answer of a program without CUDA.
inline std::string built_without_cuda() {
  return "this program was built without CUDA; build it with -DSTX_CUDA=ON, or use --device cpu";
}

}  // namespace stx
