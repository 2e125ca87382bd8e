#include "checked_kernels.hpp"

#include <cstdlib>
#include <fstream>

#include "symbol.hpp"

namespace stx_emulator {

CheckedKernels::~CheckedKernels() {
  const char* path = std::getenv("STX_EMULATOR_KERNELS");
  if (!path) return;
  std::ofstream file(path);
  for (const void* kernel : kernels_) file << function_name(kernel) << '\n';
}

}  // namespace stx_emulator
