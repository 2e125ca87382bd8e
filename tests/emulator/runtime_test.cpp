// The runtime API: copies, capture and replay, deferred work, handles, limits.
#include <doctest/doctest.h>

#include <cstring>
#include <limits>

#include "support.hpp"

using namespace emulator_test;

namespace stx {

__global__ void add_kernel(float* y, const float* x, int n) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < n) y[i] = 1.5f * y[i] + x[i];
}

struct Pair {
  float* y;
  int n;
};
__global__ void struct_kernel(const __grid_constant__ Pair pair, double factor) {
  if (static_cast<int>(threadIdx.x) < pair.n) pair.y[threadIdx.x] = static_cast<float>(factor);
}

}  // namespace stx

namespace {

struct Stream {
  cudaStream_t handle = nullptr;
  Stream() { cudaStreamCreateWithFlags(&handle, cudaStreamNonBlocking); }
  ~Stream() { cudaStreamDestroy(handle); }
  operator cudaStream_t() const { return handle; }
};

cudaError_t add(float* y, const float* x, int n, cudaStream_t stream) {
  const auto launch = config((n + 31) / 32, 32, 0, stream);
  return cudaLaunchKernelEx(&launch, stx::add_kernel, y, x, n);
}

}  // namespace

TEST_CASE("copies and fills check direction and bounds") {
  const Fresh fresh;
  const DeviceArray<int> a(std::vector<int>{1, 2, 3, 4}), b(4);
  std::vector<int> host(8, -1);
  CHECK(cudaMemcpy(b.data(), a.data(), 16, cudaMemcpyDeviceToDevice) == cudaSuccess);
  CHECK(cudaMemset(b.data() + 1, 0, 8) == cudaSuccess);
  CHECK(b.values() == std::vector<int>{1, 0, 0, 4});
  CHECK(cudaMemcpy(host.data(), b.data() + 2, 8, cudaMemcpyDefault) == cudaSuccess);
  CHECK(host[0] == 0);
  CHECK(host[1] == 4);
  CHECK(cudaMemcpy(host.data(), a.data(), 20, cudaMemcpyDeviceToHost) == cudaErrorInvalidValue);
  CHECK(cudaMemcpy(host.data(), a.data(), 16, cudaMemcpyHostToDevice) == cudaErrorInvalidValue);
  CHECK(cudaMemcpy(a.data(), host.data(), 16, cudaMemcpyDeviceToHost) == cudaErrorInvalidValue);
  CHECK(cudaMemcpy(host.data(), host.data() + 4, 16, cudaMemcpyDeviceToHost) == cudaErrorInvalidValue);
  CHECK(cudaMemset(a.data() + 3, 0, 8) == cudaErrorInvalidValue);
  CHECK(cudaMemset(host.data(), 0, 8) == cudaErrorInvalidValue);
  CHECK(cudaGetLastError() == cudaErrorInvalidValue);
  CHECK(cudaGetLastError() == cudaSuccess);
  CHECK(a.values() == std::vector<int>{1, 2, 3, 4});
}

TEST_CASE("fresh memory reads as NaN") {
  const Fresh fresh;
  const auto values = DeviceArray<float>(5).values();
  for (const float value : values) CHECK(value != value);
  const auto doubles = DeviceArray<double>(5).values();
  for (const double value : doubles) CHECK(value != value);
}

TEST_CASE("arguments are copied and converted at the call") {
  const Fresh fresh;
  const DeviceArray<float> y(3);
  stx::Pair pair{y.data(), 3};
  const Stream stream;
  stx_emulator::options().defer = true;
  const auto launch = config(1, 32, 0, stream);
  REQUIRE(cudaLaunchKernelEx(&launch, stx::struct_kernel, pair, 2) == cudaSuccess);
  pair.y = nullptr;
  CHECK(y.values() == std::vector<float>(3, 2.0f));
}

TEST_CASE("a captured step does nothing until replayed, and then equals the eager one") {
  const Fresh fresh;
  const int n = 100;
  const std::vector<float> ones(n, 1.0f);
  const DeviceArray<float> x(ones), eager(ones), replayed(ones);
  const Stream stream;
  const auto step = [&](float* y) {
    REQUIRE(add(y, x.data(), n, stream) == cudaSuccess);
    REQUIRE(cudaMemsetAsync(y, 0, 40, stream) == cudaSuccess);
    REQUIRE(cudaMemcpyAsync(y + 20, x.data(), 40, cudaMemcpyDeviceToDevice, stream) == cudaSuccess);
    REQUIRE(add(y, x.data(), n, stream) == cudaSuccess);
  };
  for (int i = 0; i < 3; ++i) step(eager.data());
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t exec = nullptr;
  cudaStreamCaptureStatus status;
  REQUIRE(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal) == cudaSuccess);
  step(replayed.data());
  CHECK(cudaStreamIsCapturing(stream, &status) == cudaSuccess);
  CHECK(status == cudaStreamCaptureStatusActive);
  REQUIRE(cudaStreamEndCapture(stream, &graph) == cudaSuccess);
  CHECK(replayed.values() == ones);
  std::size_t n_nodes = 0;
  CHECK(cudaGraphGetNodes(graph, nullptr, &n_nodes) == cudaSuccess);
  CHECK(n_nodes == 4);
  REQUIRE(cudaGraphInstantiate(&exec, graph, 0) == cudaSuccess);
  CHECK(cudaGraphDestroy(graph) == cudaSuccess);
  for (int i = 0; i < 3; ++i) REQUIRE(cudaGraphLaunch(exec, stream) == cudaSuccess);
  CHECK(replayed.values() == eager.values());
  CHECK(eager.values() != ones);
  CHECK(cudaGraphExecDestroy(exec) == cudaSuccess);
}

TEST_CASE("calls that CUDA forbids during a capture") {
  const Fresh fresh;
  const DeviceArray<float> x(std::vector<float>(32, 1.0f));
  const Stream stream;
  cudaGraph_t graph = nullptr;
  void* memory = nullptr;
  const auto invalidated_by = [&](auto call) {
    REQUIRE(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal) == cudaSuccess);
    const cudaError_t error = call();
    CHECK(cudaStreamEndCapture(stream, &graph) == cudaErrorStreamCaptureInvalidated);
    CHECK(graph == nullptr);
    return error;
  };
  const auto unsupported = cudaErrorStreamCaptureUnsupported;
  CHECK(invalidated_by([&] { return cudaMalloc(&memory, 8); }) == unsupported);
  CHECK(memory == nullptr);
  CHECK(invalidated_by([&] { return cudaFree(x.data()); }) == unsupported);
  CHECK(invalidated_by([&] { return cudaDeviceSynchronize(); }) == unsupported);
  CHECK(invalidated_by([&] { return cudaStreamSynchronize(stream); }) == unsupported);
  CHECK(invalidated_by([&] { return cudaMemcpy(x.data(), x.data() + 1, 4, cudaMemcpyDeviceToDevice); }) == unsupported);
  CHECK(invalidated_by([&] { return add(x.data(), x.data(), 32, nullptr); }) == cudaErrorStreamCaptureImplicit);
  CHECK(cudaStreamEndCapture(stream, &graph) == cudaErrorStreamCaptureUnmatched);
  CHECK(x.values() == std::vector<float>(32, 1.0f));
}

TEST_CASE("a capture forks to another stream and must join again") {
  const Fresh fresh;
  const DeviceArray<float> x(std::vector<float>(32, 1.0f));
  const Stream origin, side;
  cudaEvent_t forked = nullptr, joined = nullptr;
  REQUIRE(cudaEventCreate(&forked) == cudaSuccess);
  REQUIRE(cudaEventCreate(&joined) == cudaSuccess);
  for (const bool join : {true, false}) {
    cudaGraph_t graph = nullptr;
    REQUIRE(cudaStreamBeginCapture(origin, cudaStreamCaptureModeGlobal) == cudaSuccess);
    CHECK(cudaEventRecord(forked, origin) == cudaSuccess);
    CHECK(cudaStreamWaitEvent(side, forked) == cudaSuccess);
    CHECK(add(x.data(), x.data(), 32, side) == cudaSuccess);
    CHECK(cudaEventRecord(joined, side) == cudaSuccess);
    if (join) CHECK(cudaStreamWaitEvent(origin, joined) == cudaSuccess);
    CHECK(cudaStreamEndCapture(origin, &graph) == (join ? cudaSuccess : cudaErrorStreamCaptureUnjoined));
    if (graph) CHECK(cudaGraphDestroy(graph) == cudaSuccess);
  }
  CHECK(cudaEventDestroy(forked) == cudaSuccess);
  CHECK(cudaEventDestroy(joined) == cudaSuccess);
}

TEST_CASE("deferred work shows a host that reads too early") {
  const Fresh fresh;
  const Stream stream;
  float* pinned = nullptr;
  REQUIRE(cudaMallocHost(&pinned, sizeof(float)) == cudaSuccess);
  *pinned = 1.0f;
  const DeviceArray<float> x(std::vector<float>{8.0f});
  stx_emulator::options().defer = true;
  CHECK(cudaMemcpyAsync(pinned, x.data(), 4, cudaMemcpyDeviceToHost, stream) == cudaSuccess);
  CHECK(*pinned == 1.0f);
  CHECK(cudaStreamSynchronize(stream) == cudaSuccess);
  CHECK(*pinned == 8.0f);
  CHECK(add(x.data(), x.data(), 1, stream) == cudaSuccess);
  CHECK(cudaStreamQuery(stream) == cudaErrorNotReady);
  CHECK(cudaStreamQuery(stream) == cudaSuccess);
  CHECK(x.values()[0] == 20.0f);
  CHECK(cudaFreeHost(pinned) == cudaSuccess);
}

TEST_CASE("events measure time") {
  const Fresh fresh;
  const Stream stream;
  cudaEvent_t start = nullptr, stop = nullptr;
  float milliseconds = -1.0f;
  REQUIRE(cudaEventCreate(&start) == cudaSuccess);
  REQUIRE(cudaEventCreate(&stop) == cudaSuccess);
  CHECK(cudaEventElapsedTime(&milliseconds, start, stop) == cudaErrorInvalidResourceHandle);
  CHECK(cudaEventRecord(start, stream) == cudaSuccess);
  CHECK(cudaEventRecord(stop, stream) == cudaSuccess);
  CHECK(cudaEventSynchronize(stop) == cudaSuccess);
  CHECK(cudaEventElapsedTime(&milliseconds, start, stop) == cudaSuccess);
  CHECK(milliseconds >= 0.0f);
  CHECK(milliseconds < 1e3f);
  CHECK(cudaEventDestroy(start) == cudaSuccess);
  CHECK(cudaEventDestroy(stop) == cudaSuccess);
}

TEST_CASE("what is alive and what was done is counted; memory can run out") {
  const Fresh fresh;
  const auto before = stx_emulator::usage();
  stx_emulator::reset_counters();
  {
    const DeviceArray<float> x(std::vector<float>(25, 1.0f));
    const Stream stream;
    CHECK(add(x.data(), x.data(), 25, stream) == cudaSuccess);
    const auto now = stx_emulator::usage();
    CHECK(now.allocations == before.allocations + 1);
    CHECK(now.bytes == before.bytes + 100);
    CHECK(now.streams == before.streams + 1);
    CHECK(stx_emulator::counters().launches == 1);
    CHECK(stx_emulator::counters().allocations == 1);
    CHECK(stx_emulator::counters().copies == 1);
    stx_emulator::options().memory_limit = now.bytes + 1000;
    std::size_t free_bytes = 0, total_bytes = 0;
    CHECK(cudaMemGetInfo(&free_bytes, &total_bytes) == cudaSuccess);
    CHECK(free_bytes == 1000);
    void* memory = nullptr;
    CHECK(cudaMalloc(&memory, 1001) == cudaErrorMemoryAllocation);
    CHECK(memory == nullptr);
    CHECK(cudaGetLastError() == cudaErrorMemoryAllocation);
    CHECK(cudaMalloc(&memory, 1000) == cudaSuccess);
    CHECK(cudaFree(memory) == cudaSuccess);
  }
  CHECK(stx_emulator::usage().allocations == before.allocations);
  CHECK(stx_emulator::usage().bytes == before.bytes);
  CHECK(stx_emulator::usage().streams == before.streams);
}

TEST_CASE("the device describes itself") {
  const Fresh fresh;
  cudaDeviceProp properties;
  int count = 0, value = 0, blocks = 0;
  CHECK(cudaGetDeviceCount(&count) == cudaSuccess);
  CHECK(count == 1);
  CHECK(cudaGetDeviceProperties(&properties, 0) == cudaSuccess);
  CHECK(std::string(properties.name) == "stx emulated device");
  CHECK(cudaDeviceGetAttribute(&value, cudaDevAttrMaxSharedMemoryPerBlockOptin, 0) == cudaSuccess);
  CHECK(value == 227 * 1024);
  CHECK(cudaSetDevice(1) == cudaErrorInvalidDevice);
  CHECK(cudaGetLastError() == cudaErrorInvalidDevice);
  CHECK(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, stx::add_kernel, 256, 50 * 1024) == cudaSuccess);
  CHECK(blocks == 4);
}
