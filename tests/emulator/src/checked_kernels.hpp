// Which kernels passed a checked launch in this process.
#pragma once

#include <set>

namespace stx_emulator {

/// Writes their names, one a line, to the file that STX_EMULATOR_KERNELS names, when the process ends.
class CheckedKernels {
 public:
  void add(const void* kernel) { kernels_.insert(kernel); }
  ~CheckedKernels();

 private:
  std::set<const void*> kernels_;
};

}  // namespace stx_emulator
