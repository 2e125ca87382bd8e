// Counts what compiled kernels load from and store to given memory: the kernels are built with the
// calls that the compiler makes for ThreadSanitizer before every access, and traffic.cpp answers
// those calls.
#pragma once

#include <cstddef>
#include <cstdint>

namespace stx::test {

struct CountedTraffic {
  std::int64_t issued = 0;  ///< bytes of all loads and stores
  std::int64_t moved = 0;   ///< distinct bytes loaded plus distinct bytes stored, launch by launch
  std::int64_t launches = 0;
};

/// Accesses to this memory count from now on; at most two such pieces.
void watch_memory(const void* memory, std::size_t bytes);

/// Forgets all watched memory.
void watch_nothing();

/// What has been counted since the last call.
CountedTraffic take_traffic();

}  // namespace stx::test
