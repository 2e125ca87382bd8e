// Short hand for the emulator's own tests.
#pragma once

#include <cuda_runtime.h>
#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <vector>

namespace stx {

inline __global__ void write_at_kernel(float* y, int index) {
  if (threadIdx.x == 0) y[index] = 1.0f;
}

inline __global__ void shared_write_at_kernel(int index) {
  extern __shared__ __align__(16) unsigned char stx_shared[];
  if (threadIdx.x == 3) reinterpret_cast<float*>(stx_shared)[index] = 1.0f;
}

inline __global__ void scale_kernel(const float* x, float* y, float factor) {
  const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  y[i] = factor * x[i];
}

inline __global__ void copy_kernel(const float* x, float* y) { y[threadIdx.x] = x[threadIdx.x]; }

}  // namespace stx

namespace emulator_test {

/// A device array of floats that copies to and from vectors.
template <class T>
class DeviceArray {
 public:
  explicit DeviceArray(std::size_t size) : size_(size) { cudaMalloc(&data_, size * sizeof(T)); }
  explicit DeviceArray(const std::vector<T>& values) : DeviceArray(values.size()) {
    cudaMemcpy(data_, values.data(), size_ * sizeof(T), cudaMemcpyHostToDevice);
  }
  ~DeviceArray() { cudaFree(data_); }
  DeviceArray(const DeviceArray&) = delete;
  DeviceArray& operator=(const DeviceArray&) = delete;
  T* data() const { return data_; }
  std::vector<T> values() const {
    std::vector<T> host(size_);
    cudaMemcpy(host.data(), data_, size_ * sizeof(T), cudaMemcpyDeviceToHost);
    return host;
  }

 private:
  T* data_ = nullptr;
  std::size_t size_;
};

inline cudaLaunchConfig_t config(dim3 grid, dim3 block, std::size_t shared_bytes = 0, cudaStream_t stream = nullptr) {
  return {grid, block, shared_bytes, stream, nullptr, 0};
}

/// Default options and no fault, before and after a test.
struct Fresh {
  Fresh() { reset(); }
  ~Fresh() { reset(); }
  static void reset() {
    stx_emulator::options() = {};
    stx_emulator::clear_error();
  }
};

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// Launches; what the emulator reports of it.
template <class... Expected, class... Actual>
std::string report_of(dim3 grid, dim3 block, std::size_t shared_bytes, void (*kernel)(Expected...),
                      Actual... arguments) {
  stx_emulator::clear_error();
  const auto launch = config(grid, block, shared_bytes);
  const cudaError_t error = cudaLaunchKernelEx(&launch, kernel, arguments...);
  const std::string report = stx_emulator::last_report();
  CHECK((error == cudaSuccess) == report.empty());
  stx_emulator::clear_error();
  return report;
}

/// 0.1, 0.2, ...
inline std::vector<float> ramp(int n) {
  std::vector<float> x(n);
  for (int i = 0; i < n; ++i) x[i] = 0.1f * static_cast<float>(i + 1);
  return x;
}

}  // namespace emulator_test
