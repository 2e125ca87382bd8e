// Failures of the CUDA runtime and of cuBLASLt as exceptions.
#pragma once

#include <cublasLt.h>
#include <cuda_runtime_api.h>

#include "stx/core/error.hpp"

namespace stx::cuda {

/// Throws DeviceError naming the call and the runtime's text. The runtime's own record of the
/// failure is cleared, so that a later call does not report it again.
inline void check(cudaError_t status, const char* call) {
  if (status == cudaSuccess) return;
  cudaGetLastError();
  fail<DeviceError>(call, cudaGetErrorString(status), " (", cudaGetErrorName(status), ")");
}

inline void check(cublasStatus_t status, const char* call) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  fail<DeviceError>(call, cublasLtGetStatusString(status), " (", cublasLtGetStatusName(status), ")");
}

/// Number of usable CUDA devices; 0 without a driver.
inline int device_count() {
  int count = 0;
  if (cudaGetDeviceCount(&count) == cudaSuccess) return count;
  cudaGetLastError();
  return 0;
}

}  // namespace stx::cuda
