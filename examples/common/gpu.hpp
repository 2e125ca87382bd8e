// The GPU of a run. Only for files that are built with CUDA.
#pragma once

#include <string>

#include "stx/backend/cuda/context.hpp"
#include "stx/backend/cuda/step_graph.hpp"

namespace stx {

inline bool gpu_available() {
  int count = 0;
  const bool found = cudaGetDeviceCount(&count) == cudaSuccess && count > 0;
  cudaGetLastError();  // no driver is an answer here, not an error
  return found;
}

inline std::string gpu_name() {
  cudaDeviceProp properties{};
  cuda::check(cudaGetDeviceProperties(&properties, 0), "cudaGetDeviceProperties");
  return properties.name;
}

}  // namespace stx
