// Properties of the device and of kernels in the runtime API.
#include <stx_emulator/runtime_api.hpp>

#include <algorithm>
#include <array>
#include <cstdio>

#include "device.hpp"
#include "shared_memory.hpp"

using stx_emulator::Call;
using stx_emulator::device;
using stx_emulator::refuse;

namespace {

constexpr int n_multiprocessors = 4, threads_per_multiprocessor = 2048, l2_bytes = 4 << 20;
constexpr int shared_per_multiprocessor = 228 * 1024, compute_major = 9, compute_minor = 0;

}  // namespace

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int number) {
  return Call()([&]() -> cudaError_t {
    if (number != 0) return refuse(cudaErrorInvalidDevice, "there is only device 0");
    *properties = {};
    std::snprintf(properties->name, sizeof properties->name, "stx emulated device");
    properties->totalGlobalMem = stx_emulator::options().memory_limit;
    properties->sharedMemPerBlock = stx_emulator::shared_default_limit;
    properties->sharedMemPerBlockOptin = stx_emulator::shared_optin_limit;
    properties->sharedMemPerMultiprocessor = shared_per_multiprocessor;
    properties->multiProcessorCount = n_multiprocessors;
    properties->warpSize = 32;
    properties->maxThreadsPerBlock = 1024;
    properties->maxThreadsPerMultiProcessor = threads_per_multiprocessor;
    std::copy_n(std::to_array({1024, 1024, 64}).begin(), 3, properties->maxThreadsDim);
    std::copy_n(std::to_array({0x7fffffff, 65535, 65535}).begin(), 3, properties->maxGridSize);
    properties->major = compute_major;
    properties->minor = compute_minor;
    properties->l2CacheSize = l2_bytes;
    properties->memoryBusWidth = 64;
    properties->regsPerBlock = 65536;
    properties->asyncEngineCount = 1;
    properties->unifiedAddressing = 1;
    return cudaSuccess;
  });
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int number) {
  return Call()([&]() -> cudaError_t {
    if (number != 0) return refuse(cudaErrorInvalidDevice, "there is only device 0");
    switch (attribute) {
      case cudaDevAttrMaxThreadsPerBlock:
        *value = 1024;
        break;
      case cudaDevAttrMaxSharedMemoryPerBlock:
        *value = stx_emulator::shared_default_limit;
        break;
      case cudaDevAttrWarpSize:
        *value = 32;
        break;
      case cudaDevAttrMultiProcessorCount:
        *value = n_multiprocessors;
        break;
      case cudaDevAttrL2CacheSize:
        *value = l2_bytes;
        break;
      case cudaDevAttrMaxThreadsPerMultiProcessor:
        *value = threads_per_multiprocessor;
        break;
      case cudaDevAttrComputeCapabilityMajor:
        *value = compute_major;
        break;
      case cudaDevAttrComputeCapabilityMinor:
        *value = compute_minor;
        break;
      case cudaDevAttrMaxSharedMemoryPerMultiprocessor:
        *value = shared_per_multiprocessor;
        break;
      case cudaDevAttrMaxSharedMemoryPerBlockOptin:
        *value = stx_emulator::shared_optin_limit;
        break;
      case cudaDevAttrMemoryPoolsSupported:
        *value = 1;
        break;
      default:
        return refuse(cudaErrorInvalidValue, "unknown device attribute");
    }
    return cudaSuccess;
  });
}

cudaError_t cudaDriverGetVersion(int* version) {
  *version = CUDART_VERSION;
  return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int* version) {
  *version = CUDART_VERSION;
  return cudaSuccess;
}

cudaError_t cudaFuncSetAttribute(const void* kernel, cudaFuncAttribute attribute, int value) {
  return Call()([&]() -> cudaError_t {
    if (attribute != cudaFuncAttributeMaxDynamicSharedMemorySize) return cudaSuccess;
    if (!kernel || value < 0 || value > static_cast<int>(stx_emulator::shared_optin_limit)) {
      return refuse(cudaErrorInvalidValue, "cudaFuncSetAttribute: shared memory beyond 227 KiB");
    }
    device().shared_limits[kernel] = std::max(value, static_cast<int>(stx_emulator::shared_default_limit));
    return cudaSuccess;
  });
}

cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, const void*, int block_size,
                                                          std::size_t shared_bytes) {
  return Call()([&]() -> cudaError_t {
    if (block_size < 1 || block_size > 1024) {
      return refuse(cudaErrorInvalidValue, "a block has 1 to 1024 threads");
    }
    const int by_threads = threads_per_multiprocessor / block_size;
    const auto with_reserve = static_cast<int>(shared_bytes) + 1024;
    *blocks = std::min({32, by_threads, shared_per_multiprocessor / with_reserve});
    return cudaSuccess;
  });
}
