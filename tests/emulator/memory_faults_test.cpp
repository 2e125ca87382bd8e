// Planted faults of memory: writes and reads outside of it, before anything wrote it, after it was freed.
#include <doctest/doctest.h>

#include <string>

#include "support.hpp"

using namespace emulator_test;

namespace stx {

__global__ void read_at_kernel(const float* x, float* y, int index) {
  if (threadIdx.x == 0) y[0] = fmaxf(x[index], 0.0f);
}

// The maximum of n values that starts from shared memory; fmaxf hides a NaN.
__global__ void shared_max_kernel(const float* x, float* y, bool initialise) {
  extern __shared__ __align__(16) unsigned char stx_shared[];
  float* best = reinterpret_cast<float*>(stx_shared);
  if (threadIdx.x == 0) {
    if (initialise) best[0] = x[0];
    for (unsigned i = 0; i < blockDim.x; ++i) best[0] = fmaxf(best[0], x[i]);
    y[0] = best[0];
  }
}

}  // namespace stx

TEST_CASE("writes outside of device memory") {
  const Fresh fresh;
  stx_emulator::options().asan_zones = false;
  const DeviceArray<float> y(10);
  CHECK(report_of(1, 32, 0, stx::write_at_kernel, y.data(), 9) == "");
  auto report = report_of(1, 32, 0, stx::write_at_kernel, y.data(), 10);
  CHECK(contains(report, "stx::write_at_kernel"));
  CHECK(contains(report, "out-of-bounds write"));
  CHECK(contains(report, "behind the end of device allocation #"));
  report = report_of(1, 32, 0, stx::write_at_kernel, y.data(), -1);
  CHECK(contains(report, "before the start of device allocation #"));
}

TEST_CASE("reads outside of device memory") {
  const Fresh fresh;
  stx_emulator::options().asan_zones = false;
  stx_emulator::check_races(true);
  const DeviceArray<float> x(ramp(10)), y(1);
  CHECK(report_of(1, 32, 0, stx::read_at_kernel, x.data(), y.data(), 9) == "");
  for (const int index : {10, -1}) {
    const auto report = report_of(1, 32, 0, stx::read_at_kernel, x.data(), y.data(), index);
    CHECK(contains(report, "stx::read_at_kernel"));
    CHECK(contains(report, "block (0,0,0): the kernel reads outside of an allocation"));
  }
}

TEST_CASE("writes behind the requested shared memory") {
  const Fresh fresh;
  CHECK(report_of(2, 32, 64, stx::shared_write_at_kernel, 15) == "");
  CHECK(
      contains(report_of(2, 32, 64, stx::shared_write_at_kernel, 16), "out-of-bounds write to shared memory, at byte"));
}

TEST_CASE("reads of shared and device memory that nothing has written") {
  const Fresh fresh;
  const DeviceArray<float> x(ramp(32)), y(ramp(32)), unwritten(32);
  stx_emulator::check_races(true);
  CHECK(report_of(1, 32, 4, stx::shared_max_kernel, x.data(), y.data(), true) == "");
  CHECK(contains(report_of(1, 32, 4, stx::shared_max_kernel, x.data(), y.data(), false),
                 "shared memory that nothing has written"));
  CHECK(contains(report_of(1, 32, 0, stx::scale_kernel, unwritten.data(), y.data(), 2.0f),
                 "device memory that nothing has written"));
  CHECK(report_of(1, 32, 0, stx::copy_kernel, unwritten.data(), y.data()) == "");
  stx_emulator::poison(x.data(), 4 * sizeof(float));
  CHECK(contains(report_of(1, 32, 0, stx::scale_kernel, x.data(), y.data(), 2.0f),
                 "device memory that nothing has written"));
}

TEST_CASE("late writes to freed memory, double frees and leaks") {
  const Fresh fresh;
  const std::size_t before = stx_emulator::usage().allocations;
  stx_emulator::options().asan_zones = false;
  float* data = nullptr;
  REQUIRE(cudaMalloc(&data, 100) == cudaSuccess);
  CHECK(stx_emulator::usage().allocations == before + 1);
  CHECK(cudaFree(data) == cudaSuccess);
  CHECK(stx_emulator::usage().allocations == before);
  CHECK(cudaFree(data) == cudaErrorInvalidValue);
  CHECK(contains(stx_emulator::last_report(), "freed twice"));
  stx_emulator::clear_error();
  data[3] = 1.0f;
  float* other = nullptr;
  REQUIRE(cudaMalloc(&other, 100) == cudaSuccess);
  CHECK(cudaFree(other) == cudaErrorIllegalAddress);
  CHECK(contains(stx_emulator::last_report(), "write to freed memory"));
}
