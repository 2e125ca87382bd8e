#include "device.hpp"

#include <cstdlib>
#include <string>
#include <utility>

namespace stx_emulator {

Device& device() {
  static Device the_device;
  return the_device;
}

Options& options() {
  static Options the_options = [] {
    const auto setting = [](const char* name) {
      const char* value = std::getenv(name);
      return std::string(value ? value : "0");
    };
    Options chosen;
    const std::string check = setting("STX_EMULATOR_CHECK");
    chosen.check_some = check == "some";
    chosen.check = !chosen.check_some && check != "0";
    chosen.defer = setting("STX_EMULATOR_DEFER") != "0";
    return chosen;
  }();
  return the_options;
}

cudaError_t refuse(cudaError_t error, std::string report) {
  device().report = "[stx_emulator] " + std::move(report);
  return device().last = error;
}

cudaError_t fault(cudaError_t error, std::string report) {
  device().sticky = error;
  return refuse(error, std::move(report));
}

bool is_capturing(cudaStream_t stream) { return stream && stream->capture; }

cudaError_t enqueue(cudaStream_t stream, Work work) {
  Device& it = device();
  if (is_capturing(stream)) {
    if (stream->capture->invalid) return cudaErrorStreamCaptureInvalidated;
    stream->capture->graph->nodes.push_back(std::move(work));
    ++stream->recorded;
    return cudaSuccess;
  }
  if (!stream && !it.captures.empty()) {
    for (Capture* capture : it.captures) capture->invalid = true;
    return refuse(cudaErrorStreamCaptureImplicit, "the default stream was used while another stream is being captured");
  }
  if (options().defer) {
    it.pending.push_back(std::move(work));
    return cudaSuccess;
  }
  return work();
}

cudaError_t flush() {
  Device& it = device();
  while (!it.pending.empty()) {
    const Work work = std::move(it.pending.front());
    it.pending.pop_front();
    if (it.sticky == cudaSuccess) work();
  }
  return it.sticky;
}

cudaError_t forbid_in_capture(const char* call) {
  bool forbidden = false;
  for (Capture* capture : device().captures) {
    if (capture->mode == cudaStreamCaptureModeRelaxed) continue;
    capture->invalid = true;
    forbidden = true;
  }
  if (!forbidden) return cudaSuccess;
  return refuse(cudaErrorStreamCaptureUnsupported, std::string(call) + " was called while a stream is being captured");
}

Usage usage() {
  const std::lock_guard lock(device().mutex);
  Usage now = device().objects;
  now.allocations = device().memory.count();
  now.bytes = device().memory.bytes();
  now.peak_bytes = device().memory.peak_bytes();
  return now;
}

Counters counters() { return device().counters; }
void reset_counters() { device().counters = {}; }
std::string last_report() { return device().report; }

void clear_error() {
  device().sticky = device().last = cudaSuccess;
  device().report.clear();
  device().pending.clear();
}

void poison(void* device_pointer, std::size_t bytes) {
  const std::lock_guard lock(device().mutex);
  flush();
  device().memory.poison(device_pointer, bytes);
}

}  // namespace stx_emulator
