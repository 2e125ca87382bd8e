// Owners of what the CUDA runtime hands out. Destruction never throws: there is nobody to tell.
#pragma once

#include <memory>
#include <type_traits>

#include "stx/backend/cuda/error.hpp"
#include "stx/core/arena.hpp"

namespace stx::cuda {

template <auto Destroy>
struct DestroyWith {
  template <class P>
  void operator()(P* pointer) const noexcept {
    Destroy(pointer);
  }
};

/// unique_ptr of a runtime handle type (a pointer to something opaque).
template <class H, auto Destroy>
using Handle = std::unique_ptr<std::remove_pointer_t<H>, DestroyWith<Destroy>>;

using Stream = Handle<cudaStream_t, cudaStreamDestroy>;
using Graph = Handle<cudaGraph_t, cudaGraphDestroy>;
using GraphExec = Handle<cudaGraphExec_t, cudaGraphExecDestroy>;
using BlasHandle = Handle<cublasLtHandle_t, cublasLtDestroy>;
using MatmulDesc = Handle<cublasLtMatmulDesc_t, cublasLtMatmulDescDestroy>;
using MatrixLayout = Handle<cublasLtMatrixLayout_t, cublasLtMatrixLayoutDestroy>;
using MatmulPreference = Handle<cublasLtMatmulPreference_t, cublasLtMatmulPreferenceDestroy>;

/// Device memory of one object or of raw bytes.
template <class T>
using DeviceMemory = std::unique_ptr<T, DestroyWith<cudaFree>>;

inline void* allocate_device(std::size_t bytes) {
  void* pointer = nullptr;
  check(cudaMalloc(&pointer, bytes), "cudaMalloc");
  return pointer;
}

inline void release_device(void* pointer) noexcept { cudaFree(pointer); }

/// Device memory for an Arena.
inline RawMemory device_memory() { return {allocate_device, release_device}; }

/// A new non-blocking stream of the current device.
inline Stream make_stream() {
  cudaStream_t stream = nullptr;
  check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
  return Stream(stream);
}

inline BlasHandle make_blas_handle() {
  cublasLtHandle_t handle = nullptr;
  check(cublasLtCreate(&handle), "cublasLtCreate");
  return BlasHandle(handle);
}

}  // namespace stx::cuda
