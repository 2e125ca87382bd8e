// Context<Cuda>: stream, cuBLASLt handle, memory and step state of one GPU. Plain C++ can read
// this.
#pragma once

#include "stx/backend/cuda/gemm_plans.hpp"
#include "stx/core/context.hpp"

namespace stx {

/// Everything runs on one non-blocking stream of one device, which the constructor makes current;
/// a thread that uses contexts of several devices calls make_current() before each one's ops.
template <>
class Context<Cuda> : public detail::ContextBase<Cuda> {
 public:
  /// Throws DeviceError without a usable device.
  explicit Context(const ContextOptions& options = {})
      : ContextBase(cuda::device_memory(), options), device_(options.device),
        max_shared_bytes_(select_device(options.device)), stream_(cuda::make_stream()), blas_(cuda::make_blas_handle()),
        workspace_(cuda::allocate_device(options.gemm_workspace_bytes)), workspace_bytes_(options.gemm_workspace_bytes),
        plans_(options.tf32, options.gemm_workspace_bytes),
        state_(static_cast<StepState*>(cuda::allocate_device(sizeof(StepState)))) {
    StepState state;
    state.seed = options.seed;
    cuda::check(cudaMemcpyAsync(state_.get(), &state, sizeof state, cudaMemcpyHostToDevice, stream()),
                "cudaMemcpyAsync");
    synchronize();
  }
  ~Context() { cudaStreamSynchronize(stream()); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  cudaStream_t stream() const { return stream_.get(); }
  /// In device memory: to be read by kernels and through copy_to_host only.
  StepState* step_state() { return state_.get(); }
  /// Waits for all work; throws DeviceError if any of it failed.
  void synchronize() { cuda::check(cudaStreamSynchronize(stream()), "cudaStreamSynchronize"); }
  void make_current() { cuda::check(cudaSetDevice(device_), "cudaSetDevice"); }

  int device() const { return device_; }
  /// Largest dynamic shared memory of a block.
  std::size_t max_shared_bytes() const { return max_shared_bytes_; }
  cublasLtHandle_t blas() const { return blas_.get(); }
  void* workspace() const { return workspace_.get(); }
  std::size_t workspace_bytes() const { return workspace_bytes_; }
  cuda::GemmPlans& gemm_plans() { return plans_; }

  /// True while StepGraph records: transfers are refused then, for a replay could not repeat them.
  bool capturing() const { return capturing_; }
  void set_capturing(bool on) { capturing_ = on; }

 private:
  static std::size_t select_device(int device) {
    const int count = cuda::device_count();
    require<DeviceError>(device >= 0 && device < count, "Context<Cuda>", "device ", device, " is not one of the ",
                         count, " CUDA devices of this machine; use the cpu device, or check nvidia-smi");
    cuda::check(cudaSetDevice(device), "cudaSetDevice");
    int bytes = 0;
    cuda::check(cudaDeviceGetAttribute(&bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, device),
                "cudaDeviceGetAttribute");
    return static_cast<std::size_t>(bytes);
  }

  int device_;
  std::size_t max_shared_bytes_;
  cuda::Stream stream_;
  cuda::BlasHandle blas_;
  cuda::DeviceMemory<void> workspace_;
  std::size_t workspace_bytes_;
  cuda::GemmPlans plans_;
  cuda::DeviceMemory<StepState> state_;
  bool capturing_ = false;
};

}  // namespace stx
