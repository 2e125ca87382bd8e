// The name of this machine's processor.
#pragma once

#include <fstream>
#include <string>

namespace stx {

/// The processor's name as the system gives it, or "cpu".
inline std::string cpu_name() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);)
    if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
  return "cpu";
}

}  // namespace stx
