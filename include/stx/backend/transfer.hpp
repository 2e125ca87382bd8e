// Copies between host and device: the contract of both backends.
#pragma once

#include "stx/core/context.hpp"

namespace stx {

/// Copies bytes from host to device memory, in the order of the context's stream; the host memory
/// may be reused when the call returns.
inline void copy_to_device(Context<Cpu>& ctx, void* device, const void* host, std::size_t bytes);
inline void copy_to_device(Context<Cuda>& ctx, void* device, const void* host, std::size_t bytes);

/// Copies bytes from device to host memory; complete when the call returns.
inline void copy_to_host(Context<Cpu>& ctx, void* host, const void* device, std::size_t bytes);
inline void copy_to_host(Context<Cuda>& ctx, void* host, const void* device, std::size_t bytes);

}  // namespace stx
