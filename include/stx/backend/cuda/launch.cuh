// Starting kernels. This is the only place that does, and it goes through cudaLaunchKernelEx.
#pragma once

#include <cuda_runtime.h>

#include <type_traits>

#include "stx/backend/cuda/context.hpp"

namespace stx::cuda {

/// Bytes of dynamic shared memory that need no opt-in.
inline constexpr std::size_t default_shared_bytes = 48 * 1024;

/// Runs `kernel` on the context's stream; a grid with a zero extent is no launch.
template <class... Parameters>
void launch(Context<Cuda>& ctx, void (*kernel)(Parameters...), dim3 grid, dim3 block, std::size_t shared_bytes,
            std::type_identity_t<Parameters>... arguments) {
  if (grid.x == 0 || grid.y == 0 || grid.z == 0) return;
  if (shared_bytes > default_shared_bytes)
    check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(shared_bytes)),
          "cudaFuncSetAttribute");
  cudaLaunchConfig_t config = {};
  config.gridDim = grid;
  config.blockDim = block;
  config.dynamicSmemBytes = shared_bytes;
  config.stream = ctx.stream();
  check(cudaLaunchKernelEx(&config, kernel, arguments...), "cudaLaunchKernelEx");
}

/// Ceiling of a / b as a grid extent.
inline unsigned blocks_for(std::int64_t a, std::int64_t b) { return static_cast<unsigned>((a + b - 1) / b); }

}  // namespace stx::cuda
