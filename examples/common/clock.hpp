// Wall-clock seconds of the parts of a run.
#pragma once

#include <chrono>

namespace stx {

/// Seconds since `start`.
inline double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace stx
