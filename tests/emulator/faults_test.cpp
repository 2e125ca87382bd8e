// One planted fault of each kind, and that it is reported; and that sound kernels are not.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "support.hpp"

using namespace emulator_test;

namespace stx {

// Each thread publishes a value and reads its neighbour's; `barrier` says whether it waits.
__global__ void neighbour_kernel(const float* x, float* y, bool barrier) {
  extern __shared__ __align__(16) unsigned char stx_shared[];
  float* values = reinterpret_cast<float*>(stx_shared);
  values[threadIdx.x] = x[threadIdx.x];
  if (barrier) __syncthreads();
  y[threadIdx.x] = values[(threadIdx.x + 1) % blockDim.x];
}

// Same within one warp, where only the second round lacks its barrier: write after read.
__global__ void warp_rounds_kernel(const float* x, float* y, bool barrier) {
  extern __shared__ __align__(16) unsigned char stx_shared[];
  float* values = reinterpret_cast<float*>(stx_shared);
  float value = x[threadIdx.x];
  for (int round = 0; round < 3; ++round) {
    values[threadIdx.x] = value;
    __syncwarp();
    value += 0.5f * values[threadIdx.x ^ 1];
    if (barrier) __syncwarp();
  }
  y[threadIdx.x] = value;
}

static int barrier_line = 0;
__global__ void divergent_barrier_kernel(int n) {
  if (static_cast<int>(threadIdx.x) < n) {
    barrier_line = __LINE__ + 1;
    __syncthreads();
  }
}

__global__ void two_barriers_kernel() {
  if (threadIdx.x < 32) {
    __syncthreads();
  } else {
    __syncthreads();
  }
}

__global__ void divergent_shuffle_kernel(float* y) {
  float value = 1.0f;
  if (threadIdx.x < 16) value = __shfl_xor_sync(0xffffffffu, value, 1);
  y[threadIdx.x] = value;
}

__global__ void shuffle_mask_kernel(float* y, unsigned mask, int source) {
  y[threadIdx.x] = __shfl_sync(mask, 1.0f, source);
}

__global__ void shuffle_against_barrier_kernel(float* y) {
  if (threadIdx.x == 5) __syncthreads();
  y[threadIdx.x] = __shfl_sync(0xffffffffu, 1.0f, 0);
}

__global__ void last_block_kernel(int* y) {
  if (threadIdx.x == 0) y[0] = static_cast<int>(blockIdx.x);
}

template <class T>
__global__ void atomic_sum_kernel(const T* x, T* sum) {
  atomicAdd(sum, x[blockIdx.x * blockDim.x + threadIdx.x]);
}

__global__ void trap_kernel() {
  if (threadIdx.x == 9) __trap();
}

}  // namespace stx

TEST_CASE("a missing block barrier") {
  const Fresh fresh;
  const DeviceArray<float> x(ramp(64)), y(ramp(64));
  stx_emulator::check_races(true);
  CHECK(report_of(1, 64, 256, stx::neighbour_kernel, x.data(), y.data(), true) == "");
  auto expected = ramp(64);
  std::rotate(expected.begin(), expected.begin() + 1, expected.end());
  CHECK(y.values() == expected);
  const auto report = report_of(1, 64, 256, stx::neighbour_kernel, x.data(), y.data(), false);
  CHECK(contains(report, "stx::neighbour_kernel"));
  CHECK(contains(report, "block (0,0,0)"));
  CHECK(contains(report, "nothing has written"));  // in forward order the neighbour comes too late
}

TEST_CASE("a missing warp barrier between read and write") {
  const Fresh fresh;
  const DeviceArray<float> x(ramp(32)), y(ramp(32));
  stx_emulator::check_races(true);
  CHECK(report_of(1, 32, 128, stx::warp_rounds_kernel, x.data(), y.data(), true) == "");
  const auto report = report_of(1, 32, 128, stx::warp_rounds_kernel, x.data(), y.data(), false);
  CHECK(contains(report, "depends on the order of the threads"));
  CHECK(contains(report, "device allocation #"));
}

TEST_CASE("a barrier that some threads do not reach") {
  const Fresh fresh;
  CHECK(report_of(2, 64, 0, stx::divergent_barrier_kernel, 64) == "");
  const auto report = report_of(2, 64, 0, stx::divergent_barrier_kernel, 40);
  CHECK(contains(report, "stx::divergent_barrier_kernel(int), block (0,0,0)"));
  CHECK(contains(report, "faults_test.cpp:" + std::to_string(stx::barrier_line)));
  CHECK(contains(report, "thread (40,0,0) has left the kernel"));
}

TEST_CASE("threads that wait at two different barriers") {
  const Fresh fresh;
  CHECK(contains(report_of(1, 64, 0, stx::two_barriers_kernel), "divergent barrier"));
}

TEST_CASE("shuffles that not all lanes of the mask reach") {
  const Fresh fresh;
  const DeviceArray<float> y(64);
  auto report = report_of(1, 32, 0, stx::divergent_shuffle_kernel, y.data());
  CHECK(contains(report, "waits at __shfl_xor_sync"));
  CHECK(contains(report, "thread (16,0,0) has left the kernel"));
  report = report_of(1, 32, 0, stx::shuffle_against_barrier_kernel, y.data());
  CHECK(contains(report, "thread (5,0,0) waits at __syncthreads"));
  report = report_of(1, 20, 0, stx::shuffle_mask_kernel, y.data(), 0xffffffffu, 0);
  CHECK(contains(report, "lane 20 does not exist"));
  report = report_of(1, 32, 0, stx::shuffle_mask_kernel, y.data(), 0xffffu, 0);
  CHECK(contains(report, "its own lane 16 is missing"));
  report = report_of(1, 16, 0, stx::shuffle_mask_kernel, y.data(), 0xffffu, 20);
  CHECK(contains(report, "to read lane 20, which is not in the mask"));
  CHECK(report_of(1, 16, 0, stx::shuffle_mask_kernel, y.data(), 0xffffu, 3) == "");
}

TEST_CASE("results that depend on the order of blocks or on rounding") {
  const Fresh fresh;
  stx_emulator::check_races(true);
  const DeviceArray<int> last(std::vector<int>{0});
  CHECK(contains(report_of(4, 32, 0, stx::last_block_kernel, last.data()), "order of the blocks"));
  const DeviceArray<float> x(ramp(128)), sum(std::vector<float>{0.0f});
  CHECK(contains(report_of(2, 64, 0, stx::atomic_sum_kernel<float>, x.data(), sum.data()),
                 "depends on the order of the threads"));
  const DeviceArray<int> counts(std::vector<int>(128, 3)), total(std::vector<int>{0});
  CHECK(report_of(2, 64, 0, stx::atomic_sum_kernel<int>, counts.data(), total.data()) == "");
  CHECK(total.values()[0] == 384);
}

TEST_CASE("traps, bad pointers and bad configurations") {
  const Fresh fresh;
  CHECK(contains(report_of(1, 32, 0, stx::trap_kernel), "thread (9,0,0) called __trap"));
  std::vector<float> host(32);
  float* freed = nullptr;
  cudaMalloc(&freed, 64);
  cudaFree(freed);
  CHECK(contains(report_of(1, 32, 0, stx::copy_kernel, host.data(), host.data()), "a host pointer"));
  CHECK(contains(report_of(1, 16, 0, stx::write_at_kernel, freed, 0), "pointer argument 0"));
  CHECK(contains(report_of(1, 1025, 0, stx::trap_kernel), "1 to 1024 threads"));
  CHECK(contains(report_of(dim3(1, 0), 32, 0, stx::trap_kernel), "must be positive"));
  CHECK(contains(report_of(1, 32, 49 * 1024, stx::shared_write_at_kernel, 0), "allowed are 49152"));
  REQUIRE(cudaFuncSetAttribute(stx::shared_write_at_kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, 227 * 1024) ==
          cudaSuccess);
  CHECK(report_of(1, 32, 227 * 1024, stx::shared_write_at_kernel, 227 * 256 - 1) == "");
}

TEST_CASE("a fault stays until it is cleared, and is in the error's text") {
  const Fresh fresh;
  const auto launch = config(1, 32);
  REQUIRE(cudaLaunchKernelEx(&launch, stx::trap_kernel) == cudaErrorLaunchFailure);
  CHECK(cudaGetLastError() == cudaErrorLaunchFailure);
  CHECK(cudaGetLastError() == cudaErrorLaunchFailure);
  float* data = nullptr;
  CHECK(cudaMalloc(&data, 4) == cudaErrorLaunchFailure);
  CHECK(cudaDeviceSynchronize() == cudaErrorLaunchFailure);
  CHECK(contains(cudaGetErrorString(cudaErrorLaunchFailure), "stx::trap_kernel"));
  stx_emulator::clear_error();
  CHECK(cudaGetLastError() == cudaSuccess);
  CHECK(cudaDeviceSynchronize() == cudaSuccess);
}

TEST_CASE("checking some launches: 1, 2, 4, 8 of each kernel, and the fault of a first one") {
  const Fresh fresh;
  const DeviceArray<float> x(ramp(32)), y(ramp(32));
  stx_emulator::options().check_some = true;
  stx_emulator::reset_counters();
  for (int i = 0; i < 10; ++i) {
    CHECK(report_of(1, 32, 0, stx::scale_kernel, x.data(), y.data(), 2.0f) == "");
    CHECK(report_of(1, 32, 0, stx::copy_kernel, x.data(), y.data()) == "");
  }
  CHECK(stx_emulator::counters().launches == 20);
  CHECK(stx_emulator::counters().checked_launches == 8);
  CHECK(contains(report_of(1, 32, 128, stx::warp_rounds_kernel, x.data(), y.data(), false),
                 "depends on the order of the threads"));
}
