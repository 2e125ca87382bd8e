// Linked to a tour on the emulated device: a device that fails, for it has less memory than the tour needs.
#include <stx_emulator/control.hpp>

namespace {

bool take_memory() {
  stx_emulator::options().memory_limit = 1 << 20;
  return true;
}
const bool taken = take_memory();

}  // namespace
