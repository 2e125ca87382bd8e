#pragma once

#include <cstring>

#include "stx/backend/transfer.hpp"

namespace stx {

inline void copy_to_device(Context<Cpu>&, void* device, const void* host, std::size_t bytes) {
  if (bytes > 0) std::memcpy(device, host, bytes);
}

inline void copy_to_host(Context<Cpu>&, void* host, const void* device, std::size_t bytes) {
  if (bytes > 0) std::memcpy(host, device, bytes);
}

}  // namespace stx
