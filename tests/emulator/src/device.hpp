// The one emulated device: its memory, its error state and the work handed to it.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include <stx_emulator/control.hpp>
#include <stx_emulator/runtime_types.hpp>

#include "checked_kernels.hpp"
#include "memory.hpp"

namespace stx_emulator {

/// One operation on the device; returns its error.
using Work = std::function<cudaError_t()>;

/// A stream capture under way.
struct Capture {
  CUgraph_st* graph = nullptr;
  std::vector<CUstream_st*> streams;  // the origin and those that joined it
  CUstream_st* origin = nullptr;
  cudaStreamCaptureMode mode = cudaStreamCaptureModeGlobal;
  bool invalid = false;
};

struct Device {
  std::recursive_mutex mutex;
  Memory memory;
  cudaError_t sticky = cudaSuccess, last = cudaSuccess;
  std::string report;
  Counters counters;
  Usage objects;  // streams, events, graphs, cublas objects
  std::map<const void*, int> shared_limits;
  std::map<const void*, std::size_t> launches_of;  // of each kernel, while some are checked
  CheckedKernels checked_kernels;
  std::vector<Capture*> captures;
  std::deque<Work> pending;  // Options::defer
};
Device& device();

/// The frame of every API call: holds the lock, hands out the sticky error, remembers the last one.
class Call {
 public:
  Call() : lock_(device().mutex) {}
  /// `function` is called unless an earlier fault is still there.
  template <class Function>
  cudaError_t operator()(Function function) {
    const cudaError_t error = device().sticky != cudaSuccess ? device().sticky : function();
    if (error != cudaSuccess && error != cudaErrorNotReady) device().last = error;
    return error;
  }

 private:
  std::unique_lock<std::recursive_mutex> lock_;
};

/// Records a wrong call (`report` says why); the device stays usable.
cudaError_t refuse(cudaError_t error, std::string report);
/// Records a fault of the device: every later call returns it.
cudaError_t fault(cudaError_t error, std::string report);

/// Runs `work` now, later (Options::defer) or records it (the stream is being captured).
cudaError_t enqueue(cudaStream_t stream, Work work);
bool is_capturing(cudaStream_t stream);
/// Runs all that was deferred.
cudaError_t flush();
/// Calls that CUDA forbids while a stream is captured: invalidates the captures.
cudaError_t forbid_in_capture(const char* call);

}  // namespace stx_emulator

struct CUstream_st {
  unsigned flags = 0;
  stx_emulator::Capture* capture = nullptr;
  std::size_t recorded = 0,
              joined = 0;  // operations of this capture; of these, waited for by others
};

struct CUgraph_st {
  std::vector<stx_emulator::Work> nodes;
};

struct CUgraphExec_st {
  std::vector<stx_emulator::Work> nodes;
};
