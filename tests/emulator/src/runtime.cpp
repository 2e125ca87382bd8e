// Errors, the device and memory of the runtime API.
#include <stx_emulator/runtime_api.hpp>

#include <algorithm>
#include <cstring>
#include <sstream>
#include <utility>

#include "device.hpp"

using stx_emulator::Call;
using stx_emulator::device;
using stx_emulator::Place;
using stx_emulator::refuse;

namespace {

constexpr std::pair<cudaError_t, std::pair<const char*, const char*>> error_texts[] = {
    {cudaSuccess, {"cudaSuccess", "no error"}},
    {cudaErrorInvalidValue, {"cudaErrorInvalidValue", "invalid argument"}},
    {cudaErrorMemoryAllocation, {"cudaErrorMemoryAllocation", "out of memory"}},
    {cudaErrorInvalidConfiguration, {"cudaErrorInvalidConfiguration", "invalid configuration argument"}},
    {cudaErrorInvalidMemcpyDirection, {"cudaErrorInvalidMemcpyDirection", "invalid copy direction for memcpy"}},
    {cudaErrorInvalidDeviceFunction, {"cudaErrorInvalidDeviceFunction", "invalid device function"}},
    {cudaErrorNoDevice, {"cudaErrorNoDevice", "no CUDA-capable device is detected"}},
    {cudaErrorInvalidDevice, {"cudaErrorInvalidDevice", "invalid device ordinal"}},
    {cudaErrorInvalidResourceHandle, {"cudaErrorInvalidResourceHandle", "invalid resource handle"}},
    {cudaErrorNotReady, {"cudaErrorNotReady", "device not ready"}},
    {cudaErrorIllegalAddress, {"cudaErrorIllegalAddress", "an illegal memory access was encountered"}},
    {cudaErrorLaunchFailure, {"cudaErrorLaunchFailure", "unspecified launch failure"}},
    {cudaErrorNotSupported, {"cudaErrorNotSupported", "operation not supported"}},
    {cudaErrorStreamCaptureUnsupported,
     {"cudaErrorStreamCaptureUnsupported", "operation not permitted when stream is capturing"}},
    {cudaErrorStreamCaptureInvalidated,
     {"cudaErrorStreamCaptureInvalidated", "operation failed due to a previous error during capture"}},
    {cudaErrorStreamCaptureUnmatched, {"cudaErrorStreamCaptureUnmatched", "the capture was not begun in this stream"}},
    {cudaErrorStreamCaptureUnjoined, {"cudaErrorStreamCaptureUnjoined", "capturing stream has unjoined work"}},
    {cudaErrorStreamCaptureImplicit,
     {"cudaErrorStreamCaptureImplicit", "operation would make the legacy stream depend on a capturing stream"}},
    {cudaErrorCapturedEvent,
     {"cudaErrorCapturedEvent", "operation not permitted on an event last recorded in a capturing stream"}}};

cudaError_t allocate(void** pointer, std::size_t bytes, Place place, const char* call) {
  return Call()([&]() -> cudaError_t {
    if (!pointer) return refuse(cudaErrorInvalidValue, std::string(call) + ": no place for the result");
    *pointer = nullptr;
    if (const cudaError_t error = stx_emulator::forbid_in_capture(call)) return error;
    if (bytes == 0) return cudaSuccess;
    ++device().counters.allocations;
    *pointer = device().memory.allocate(bytes, place);
    if (*pointer) return cudaSuccess;
    return refuse(cudaErrorMemoryAllocation, std::string(call) + ": out of device memory");
  });
}

// Also after a fault, so that owners can still clean up.
cudaError_t release(void* pointer, Place place, const char* call) {
  const std::lock_guard lock(device().mutex);
  if (const cudaError_t error = stx_emulator::forbid_in_capture(call)) return error;
  stx_emulator::flush();
  const std::string damage = device().memory.find_damage(true);
  if (!damage.empty()) stx_emulator::fault(cudaErrorIllegalAddress, damage);
  if (pointer && !device().memory.release(pointer, place)) {
    return refuse(cudaErrorInvalidValue, std::string(call) + ": not the start of a live allocation (freed twice?)");
  }
  return device().sticky;
}

std::string find_bad_side(const char* side, const void* pointer, std::size_t bytes, bool on_device) {
  const auto found = device().memory.find(pointer);
  const bool is_device = found.allocation && found.allocation->place == Place::device;
  std::ostringstream text;
  if (on_device != is_device) {
    text << side << " must be " << (on_device ? "device" : "host") << " memory, but is not";
  } else if (found.allocation && !device().memory.is_inside(pointer, bytes)) {
    text << side << ": " << bytes << " bytes do not fit at " << device().memory.describe(pointer);
  }
  return text.str();
}

bool is_on_device(const void* pointer) {
  const auto found = device().memory.find(pointer);
  return found.allocation && found.allocation->place == Place::device;
}

cudaError_t check_copy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
  if (bytes == 0) return cudaSuccess;
  if (kind < cudaMemcpyHostToHost || kind > cudaMemcpyDefault) return cudaErrorInvalidMemcpyDirection;
  const bool any = kind == cudaMemcpyDefault;
  const bool to_device = any ? is_on_device(to) : kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
  const bool from_device =
      any ? is_on_device(from) : kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
  std::string wrong = find_bad_side("the target", to, bytes, to_device);
  if (wrong.empty()) wrong = find_bad_side("the source", from, bytes, from_device);
  if (wrong.empty()) return cudaSuccess;
  return refuse(cudaErrorInvalidValue, "cudaMemcpy: " + wrong);
}

cudaError_t check_set(void* to, std::size_t bytes) {
  const std::string wrong = bytes ? find_bad_side("the target", to, bytes, true) : "";
  return wrong.empty() ? cudaSuccess : refuse(cudaErrorInvalidValue, "cudaMemset: " + wrong);
}

cudaError_t synchronise(const char* call) {
  if (const cudaError_t error = stx_emulator::forbid_in_capture(call)) return error;
  ++device().counters.synchronisations;
  return stx_emulator::flush();
}

}  // namespace

cudaError_t cudaGetLastError() {
  const std::lock_guard lock(device().mutex);
  return std::exchange(device().last, device().sticky);
}

cudaError_t cudaPeekAtLastError() {
  const std::lock_guard lock(device().mutex);
  return device().last;
}

const char* cudaGetErrorName(cudaError_t error) {
  for (const auto& [code, texts] : error_texts) {
    if (code == error) return texts.first;
  }
  return "unrecognized error code";
}

// What CUDA says, and the emulator's report behind it.
const char* cudaGetErrorString(cudaError_t error) {
  thread_local std::string text;
  text = "unrecognized error code";
  for (const auto& [code, texts] : error_texts) {
    if (code == error) text = texts.second;
  }
  if (error != cudaSuccess && !device().report.empty()) text += ": " + device().report;
  return text.c_str();
}

cudaError_t cudaGetDeviceCount(int* count) {
  *count = 1;
  return cudaSuccess;
}

cudaError_t cudaGetDevice(int* number) {
  *number = 0;
  return cudaSuccess;
}

cudaError_t cudaSetDevice(int number) {
  return Call()([&] { return number == 0 ? cudaSuccess : refuse(cudaErrorInvalidDevice, "there is only device 0"); });
}

cudaError_t cudaDeviceSynchronize() {
  return Call()([] { return synchronise("cudaDeviceSynchronize"); });
}

cudaError_t cudaMemGetInfo(std::size_t* free_bytes, std::size_t* total_bytes) {
  return Call()([&] {
    *total_bytes = stx_emulator::options().memory_limit;
    *free_bytes = *total_bytes - device().memory.bytes();
    return cudaSuccess;
  });
}

cudaError_t cudaMalloc(void** pointer, std::size_t bytes) {
  return allocate(pointer, bytes, Place::device, "cudaMalloc");
}
cudaError_t cudaMallocAsync(void** pointer, std::size_t bytes, cudaStream_t) {
  return allocate(pointer, bytes, Place::device, "cudaMallocAsync");
}
cudaError_t cudaMallocHost(void** pointer, std::size_t bytes) {
  return allocate(pointer, bytes, Place::pinned, "cudaMallocHost");
}
cudaError_t cudaHostAlloc(void** pointer, std::size_t bytes, unsigned) {
  return allocate(pointer, bytes, Place::pinned, "cudaHostAlloc");
}
cudaError_t cudaFree(void* pointer) { return release(pointer, Place::device, "cudaFree"); }
cudaError_t cudaFreeAsync(void* pointer, cudaStream_t) { return release(pointer, Place::device, "cudaFreeAsync"); }
cudaError_t cudaFreeHost(void* pointer) { return release(pointer, Place::pinned, "cudaFreeHost"); }

cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
  return Call()([&]() -> cudaError_t {
    if (const cudaError_t error = check_copy(to, from, bytes, kind)) return error;
    // CUDA returns from a copy to or from pageable memory only when it is done with that memory.
    const bool pageable = !device().memory.find(to).allocation || !device().memory.find(from).allocation;
    const cudaError_t error = stx_emulator::enqueue(stream, [=] {
      ++device().counters.copies;
      const cudaError_t now = check_copy(to, from, bytes, kind);
      if (now == cudaSuccess && bytes) std::memmove(to, from, bytes);
      return now;
    });
    if (error != cudaSuccess || !pageable || stx_emulator::is_capturing(stream)) return error;
    return stx_emulator::flush();
  });
}

cudaError_t cudaMemcpy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
  return Call()([&]() -> cudaError_t {
    if (const cudaError_t error = synchronise("cudaMemcpy")) return error;
    if (const cudaError_t error = cudaMemcpyAsync(to, from, bytes, kind, nullptr)) return error;
    return stx_emulator::flush();
  });
}

cudaError_t cudaMemsetAsync(void* to, int value, std::size_t bytes, cudaStream_t stream) {
  return Call()([&]() -> cudaError_t {
    if (const cudaError_t error = check_set(to, bytes)) return error;
    return stx_emulator::enqueue(stream, [=] {
      const cudaError_t now = check_set(to, bytes);
      if (now == cudaSuccess && bytes) std::memset(to, value, bytes);
      return now;
    });
  });
}

cudaError_t cudaMemset(void* to, int value, std::size_t bytes) { return cudaMemsetAsync(to, value, bytes, nullptr); }
