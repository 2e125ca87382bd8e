// Copies between host and GPU.
#pragma once

#include "stx/backend/cuda/context.hpp"
#include "stx/backend/transfer.hpp"

namespace stx {
namespace cuda {

inline void require_not_capturing(const Context<Cuda>& ctx, const char* where) {
  require<DeviceError>(!ctx.capturing(), where,
                       "a captured step must not copy to or from the host, for its replay would not; "
                       "copy before or after the step");
}

}  // namespace cuda

/// Pageable host memory (any ordinary container) is read before the call returns, while the stream
/// still works on what came before; pinned memory must stay untouched until synchronize().
inline void copy_to_device(Context<Cuda>& ctx, void* device, const void* host, std::size_t bytes) {
  cuda::require_not_capturing(ctx, "copy_to_device");
  if (bytes == 0) return;
  cuda::check(cudaMemcpyAsync(device, host, bytes, cudaMemcpyHostToDevice, ctx.stream()), "cudaMemcpyAsync");
}

inline void copy_to_host(Context<Cuda>& ctx, void* host, const void* device, std::size_t bytes) {
  cuda::require_not_capturing(ctx, "copy_to_host");
  if (bytes > 0)
    cuda::check(cudaMemcpyAsync(host, device, bytes, cudaMemcpyDeviceToHost, ctx.stream()), "cudaMemcpyAsync");
  ctx.synchronize();
}

}  // namespace stx
