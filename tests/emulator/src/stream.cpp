// Streams, events, capture and graphs of the runtime API.
#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include <stx_emulator/runtime_api.hpp>

#include "device.hpp"

using stx_emulator::Call;
using stx_emulator::Capture;
using stx_emulator::device;
using stx_emulator::refuse;

struct CUevent_st {
  std::chrono::steady_clock::time_point time;
  bool done = true, was_recorded = false;
  CUstream_st* stream = nullptr;  // recorded in this stream during
  Capture* capture = nullptr;     // this capture,
  std::size_t recorded = 0;       // behind so many operations
};

namespace {

template <class T>
cudaError_t create(T** handle, T initial, std::size_t& count) {
  return Call()([&]() -> cudaError_t {
    if (!handle) return refuse(cudaErrorInvalidValue, "no place for the new handle");
    *handle = new T(std::move(initial));
    ++count;
    return cudaSuccess;
  });
}

// Also after a fault, so that owners can still clean up.
template <class T>
cudaError_t destroy(T* handle, std::size_t& count) {
  const std::lock_guard lock(device().mutex);
  if (!handle) return refuse(cudaErrorInvalidResourceHandle, "a null handle was destroyed");
  stx_emulator::flush();
  delete handle;
  --count;
  return device().sticky;
}

bool is_live(const Capture* capture) {
  const auto& all = device().captures;
  return std::find(all.begin(), all.end(), capture) != all.end();
}

cudaError_t wait(const char* call) {
  if (const cudaError_t error = stx_emulator::forbid_in_capture(call)) return error;
  ++device().counters.synchronisations;
  return stx_emulator::flush();
}

// So that a loop around a query ends: each query lets one deferred operation run.
cudaError_t query() {
  if (device().pending.empty()) return cudaSuccess;
  const stx_emulator::Work work = std::move(device().pending.front());
  device().pending.pop_front();
  const cudaError_t error = work();
  return error == cudaSuccess ? cudaErrorNotReady : error;
}

}  // namespace

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) {
  return create(stream, CUstream_st{flags}, device().objects.streams);
}
cudaError_t cudaStreamCreate(cudaStream_t* stream) { return cudaStreamCreateWithFlags(stream, 0); }
cudaError_t cudaStreamDestroy(cudaStream_t stream) { return destroy(stream, device().objects.streams); }
cudaError_t cudaStreamSynchronize(cudaStream_t) {
  return Call()([] { return wait("cudaStreamSynchronize"); });
}
cudaError_t cudaStreamQuery(cudaStream_t) {
  return Call()([]() -> cudaError_t {
    if (const cudaError_t error = stx_emulator::forbid_in_capture("cudaStreamQuery")) return error;
    return query();
  });
}

// Work runs in the order of the calls, which respects every wait; only capture has to know of it.
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  return Call()([&]() -> cudaError_t {
    if (!event) return refuse(cudaErrorInvalidResourceHandle, "cudaStreamWaitEvent: null event");
    if (!stream || !is_live(event->capture)) return cudaSuccess;
    if (!stream->capture) {
      stream->capture = event->capture;
      stream->capture->streams.push_back(stream);
      stream->recorded = stream->joined = 0;
    }
    event->stream->joined = std::max(event->stream->joined, event->recorded);
    return cudaSuccess;
  });
}

cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void* user_data) {
  return Call()([&] {
    return stx_emulator::enqueue(stream, [=] {
      function(user_data);
      return cudaSuccess;
    });
  });
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  return create(event, CUevent_st{}, device().objects.events);
}
cudaError_t cudaEventCreate(cudaEvent_t* event) { return cudaEventCreateWithFlags(event, 0); }
cudaError_t cudaEventDestroy(cudaEvent_t event) { return destroy(event, device().objects.events); }

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  return Call()([&]() -> cudaError_t {
    if (!event) return refuse(cudaErrorInvalidResourceHandle, "cudaEventRecord: null event");
    if (stx_emulator::is_capturing(stream)) {
      event->stream = stream;
      event->capture = stream->capture;
      event->recorded = stream->recorded;
      return cudaSuccess;
    }
    event->capture = nullptr;
    event->was_recorded = true;
    event->done = false;
    return stx_emulator::enqueue(stream, [=] {
      event->time = std::chrono::steady_clock::now();
      event->done = true;
      return cudaSuccess;
    });
  });
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  return Call()([&]() -> cudaError_t {
    if (is_live(event->capture)) {
      event->capture->invalid = true;
      return refuse(cudaErrorCapturedEvent, "cudaEventSynchronize: the event is being captured");
    }
    return wait("cudaEventSynchronize");
  });
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
  return Call()([&]() -> cudaError_t { return event->done ? cudaSuccess : query(); });
}

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t stop) {
  return Call()([&]() -> cudaError_t {
    if (!start->was_recorded || !stop->was_recorded) {
      return refuse(cudaErrorInvalidResourceHandle, "cudaEventElapsedTime: event was not recorded");
    }
    if (!start->done || !stop->done) return cudaErrorNotReady;
    *milliseconds = std::chrono::duration<float, std::milli>(stop->time - start->time).count();
    return cudaSuccess;
  });
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode) {
  return Call()([&]() -> cudaError_t {
    if (!stream) {
      return refuse(cudaErrorStreamCaptureUnsupported, "the default stream cannot be captured");
    }
    if (stream->capture) return refuse(cudaErrorInvalidValue, "the stream is already being captured");
    stream->capture = new Capture{new CUgraph_st{}, {stream}, stream, mode, false};
    stream->recorded = stream->joined = 0;
    device().captures.push_back(stream->capture);
    return cudaSuccess;
  });
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  return Call()([&]() -> cudaError_t {
    *graph = nullptr;
    if (!stream || !stream->capture || stream->capture->origin != stream) {
      return refuse(cudaErrorStreamCaptureUnmatched, "this stream began no capture");
    }
    const std::unique_ptr<Capture> capture(stream->capture);
    std::unique_ptr<CUgraph_st> recorded(capture->graph);
    bool unjoined = false;
    for (CUstream_st* other : capture->streams) {
      unjoined |= other != stream && other->joined < other->recorded;
      other->capture = nullptr;
    }
    std::erase(device().captures, capture.get());
    if (capture->invalid) return cudaErrorStreamCaptureInvalidated;
    if (unjoined) {
      return refuse(cudaErrorStreamCaptureUnjoined, "a forked stream was not joined again");
    }
    *graph = recorded.release();
    ++device().objects.graphs;
    return cudaSuccess;
  });
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* status) {
  return Call()([&] {
    *status = !stx_emulator::is_capturing(stream) ? cudaStreamCaptureStatusNone
              : stream->capture->invalid          ? cudaStreamCaptureStatusInvalidated
                                                  : cudaStreamCaptureStatusActive;
    return cudaSuccess;
  });
}

cudaError_t cudaGraphGetNodes(cudaGraph_t graph, cudaGraphNode_t* nodes, std::size_t* count) {
  return Call()([&]() -> cudaError_t {
    if (nodes) return refuse(cudaErrorNotSupported, "cudaGraphGetNodes only counts");
    *count = graph->nodes.size();
    return cudaSuccess;
  });
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* exec, cudaGraph_t graph, unsigned long long) {
  if (!graph) return Call()([] { return refuse(cudaErrorInvalidValue, "null graph"); });
  return create(exec, CUgraphExec_st{graph->nodes}, device().objects.graphs);
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream) {
  return Call()([&]() -> cudaError_t {
    if (!exec) return refuse(cudaErrorInvalidResourceHandle, "cudaGraphLaunch: null graph");
    return stx_emulator::enqueue(stream, [nodes = exec->nodes] {
      for (const stx_emulator::Work& node : nodes) {
        if (const cudaError_t error = node()) return error;
      }
      return cudaSuccess;
    });
  });
}

cudaError_t cudaGraphUpload(cudaGraphExec_t, cudaStream_t) {
  return Call()([] { return cudaSuccess; });
}
cudaError_t cudaGraphDestroy(cudaGraph_t graph) { return destroy(graph, device().objects.graphs); }
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec) { return destroy(exec, device().objects.graphs); }
