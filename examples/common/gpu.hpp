// The GPU of a run. Only for files that are built with CUDA.
#pragma once

#include <string>

#include "examples/common/no_gpu.hpp"
#include "stx/backend/cuda/context.hpp"
#include "stx/backend/cuda/step_graph.hpp"

namespace stx {

/// Why no GPU can be used; empty where one can.
inline std::string why_no_gpu() {
  GpuSearch found;
  if (const cudaError_t status = cudaGetDeviceCount(&found.n_devices); status != cudaSuccess)
    found.failure = cudaGetErrorString(status);
  cudaDriverGetVersion(&found.driver);
  cudaRuntimeGetVersion(&found.runtime);
  cudaGetLastError();  // no driver is an answer here, not an error
  return why_no_gpu(found);
}

inline bool gpu_available() { return why_no_gpu().empty(); }

inline std::string gpu_name() {
  cudaDeviceProp properties{};
  cuda::check(cudaGetDeviceProperties(&properties, 0), "cudaGetDeviceProperties");
  return properties.name;
}

}  // namespace stx
