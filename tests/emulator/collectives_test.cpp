// Barriers, collectives, shared memory and index arithmetic do what CUDA documents.
#include <doctest/doctest.h>

#include <numeric>

#include "support.hpp"

using namespace emulator_test;

namespace stx {  // stx_shared is declared where kernels declare it

template <class T>
__device__ __forceinline__ T warp_sum(T value) {
  for (int offset = 16; offset > 0; offset /= 2) value += __shfl_xor_sync(0xffffffffu, value, offset);
  return value;
}

// One sum a block, n_threads a multiple of 32.
template <class T>
__global__ void __launch_bounds__(1024) block_sum_kernel(const T* __restrict__ x, int n, T* __restrict__ sums) {
  extern __shared__ __align__(16) unsigned char stx_shared[];
  T* partial = reinterpret_cast<T*>(stx_shared);
  T value = 0;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
    value += __ldg(x + i);
  }
  value = warp_sum(value);
  const int warp = threadIdx.x / warpSize, lane = threadIdx.x % warpSize;
  if (lane == 0) partial[warp] = value;
  __syncthreads();
  if (warp == 0) {
    value = lane < static_cast<int>(blockDim.x) / warpSize ? partial[lane] : T(0);
    value = warp_sum(value);
    if (lane == 0) sums[blockIdx.x] = value;
  }
}

__global__ void warp_scan_kernel(const int* x, int* inclusive) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x, lane = i % 32;
  int value = x[i];
  for (int offset = 1; offset < 32; offset *= 2) {
    const int below = __shfl_up_sync(0xffffffffu, value, offset);
    if (lane >= offset) value += below;
  }
  inclusive[i] = value;
}

__global__ void transpose_kernel(const float* x, int n_rows, int n_cols, float* y) {
  __shared__ float tile[16][17];
  const int col = blockIdx.x * 16 + threadIdx.x, row = blockIdx.y * 16 + threadIdx.y;
  if (row < n_rows && col < n_cols) tile[threadIdx.y][threadIdx.x] = x[row * n_cols + col];
  __syncthreads();
  const int out_col = blockIdx.y * 16 + threadIdx.x, out_row = blockIdx.x * 16 + threadIdx.y;
  if (out_row < n_cols && out_col < n_rows) {
    y[out_row * n_rows + out_col] = tile[threadIdx.x][threadIdx.y];
  }
}

struct LaneReport {
  int down, up_half, broadcast_quarter, xor_value;
  unsigned ballot_odd, match_mod3, sum, smallest;
  int largest, any_31, all_but_31;
  unsigned long long wide;
};

__global__ void lanes_kernel(LaneReport* reports) {
  const unsigned all = 0xffffffffu;
  const int lane = threadIdx.x;
  LaneReport it{};
  it.down = __shfl_down_sync(all, lane, 5);
  it.up_half = __shfl_up_sync(all, lane, 3, 16);
  it.broadcast_quarter = __shfl_sync(all, lane, 10, 8);
  it.xor_value = __shfl_xor_sync(all, lane * 10, 7);
  it.ballot_odd = __ballot_sync(all, lane % 2);
  it.match_mod3 = __match_any_sync(all, lane % 3);
  it.sum = __reduce_add_sync(all, static_cast<unsigned>(lane));
  it.smallest = __reduce_min_sync(all, static_cast<unsigned>(lane - 1));
  it.largest = __reduce_max_sync(all, lane - 40);
  it.any_31 = __any_sync(all, lane == 31);
  it.all_but_31 = __all_sync(all, lane != 31);
  it.wide = __shfl_sync(all, (1ull << 40) + lane, 3);
  if (lane < 16) it.sum += __reduce_add_sync(0xffffu, static_cast<unsigned>(1));
  reports[lane] = it;
}

__global__ void count_kernel(int* counts, int* votes) {
  const int odd = threadIdx.x % 2;
  counts[threadIdx.x] = __syncthreads_count(odd);
  votes[threadIdx.x] = __syncthreads_or(odd) * 2 + __syncthreads_and(odd);
}

__global__ void index_kernel(unsigned* out) {
  const unsigned block = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
  const unsigned thread = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
  const unsigned n_threads = blockDim.x * blockDim.y * blockDim.z;
  out[block * n_threads + thread] = block * 1000 + thread;
}

__global__ void atomics_kernel(int* integers, float* sum, unsigned long long* ticket) {
  atomicAdd(&integers[0], 1);
  atomicMax(&integers[1], static_cast<int>(threadIdx.x));
  atomicMin(&integers[2], -static_cast<int>(threadIdx.x));
  atomicCAS(&integers[3], 7, 9);
  atomicAdd(sum, 0.5f);
  atomicAdd(ticket, 1ull << 33);
}

__global__ void many_barriers_kernel(float* y) {
  float value = static_cast<float>(threadIdx.x);
  for (int step = 0; step < 24; ++step) value += __shfl_xor_sync(0xffffffffu, value, step % 32) * 1e-3f;
  y[blockIdx.x * blockDim.x + threadIdx.x] = value;
}

}  // namespace stx

TEST_CASE("block sums agree with the standard library, in every thread order") {
  const Fresh fresh;
  std::vector<double> x(4097);
  std::iota(x.begin(), x.end(), -1000.0);
  const double expected = std::accumulate(x.begin(), x.end(), 0.0);
  const DeviceArray<double> device_x(x);
  for (const auto order : {stx_emulator::Order::forward, stx_emulator::Order::reverse, stx_emulator::Order::shuffled}) {
    stx_emulator::set_thread_order(order, 7);
    for (const unsigned n_threads : {32u, 96u, 1024u}) {
      const DeviceArray<double> sums(3);
      const auto launch = config(3, n_threads, 32 * sizeof(double));
      REQUIRE(cudaLaunchKernelEx(&launch, stx::block_sum_kernel<double>, device_x.data(), 4097, sums.data()) ==
              cudaSuccess);
      const auto partial = sums.values();
      CHECK(partial[0] + partial[1] + partial[2] == expected);
    }
  }
}

TEST_CASE("warp scan") {
  const Fresh fresh;
  std::vector<int> x(128);
  for (int i = 0; i < 128; ++i) x[i] = i * i % 37 - 11;
  const DeviceArray<int> device_x(x), scanned(x.size());
  const auto launch = config(2, 64);
  REQUIRE(cudaLaunchKernelEx(&launch, stx::warp_scan_kernel, device_x.data(), scanned.data()) == cudaSuccess);
  const auto y = scanned.values();
  for (int warp = 0; warp < 4; ++warp) {
    std::vector<int> expected(32);
    std::partial_sum(x.begin() + warp * 32, x.begin() + warp * 32 + 32, expected.begin());
    CHECK(std::vector<int>(y.begin() + warp * 32, y.begin() + warp * 32 + 32) == expected);
  }
}

TEST_CASE("transpose through static shared memory, odd sizes") {
  const Fresh fresh;
  const int n_rows = 33, n_cols = 50;
  std::vector<float> x(n_rows * n_cols);
  std::iota(x.begin(), x.end(), 0.0f);
  const DeviceArray<float> device_x(x), device_y(x.size());
  const auto launch = config(dim3(4, 3), dim3(16, 16));
  REQUIRE(cudaLaunchKernelEx(&launch, stx::transpose_kernel, device_x.data(), n_rows, n_cols, device_y.data()) ==
          cudaSuccess);
  const auto y = device_y.values();
  int wrong = 0;
  for (int row = 0; row < n_rows; ++row) {
    for (int col = 0; col < n_cols; ++col) wrong += y[col * n_rows + row] != x[row * n_cols + col];
  }
  CHECK(wrong == 0);
}

TEST_CASE("warp collectives as documented by CUDA") {
  const Fresh fresh;
  const DeviceArray<stx::LaneReport> reports(32);
  const auto launch = config(1, 32);
  REQUIRE(cudaLaunchKernelEx(&launch, stx::lanes_kernel, reports.data()) == cudaSuccess);
  const auto all = reports.values();
  for (int lane = 0; lane < 32; ++lane) {
    CAPTURE(lane);
    const auto& it = all[lane];
    CHECK(it.down == (lane + 5 < 32 ? lane + 5 : lane));
    CHECK(it.up_half == (lane % 16 >= 3 ? lane - 3 : lane));
    CHECK(it.broadcast_quarter == lane / 8 * 8 + 2);
    CHECK(it.xor_value == (lane ^ 7) * 10);
    CHECK(it.ballot_odd == 0xaaaaaaaau);
    unsigned same = 0;
    for (int other = lane % 3; other < 32; other += 3) same |= 1u << other;
    CHECK(it.match_mod3 == same);
    CHECK(it.sum == 496u + (lane < 16 ? 16u : 0u));
    CHECK(it.smallest == 0u);
    CHECK(it.largest == -9);
    CHECK(it.any_31 == 1);
    CHECK(it.all_but_31 == 0);
    CHECK(it.wide == (1ull << 40) + 3);
  }
}

TEST_CASE("barriers that count and vote") {
  const Fresh fresh;
  const DeviceArray<int> counts(50), votes(50);
  const auto launch = config(1, 50);
  REQUIRE(cudaLaunchKernelEx(&launch, stx::count_kernel, counts.data(), votes.data()) == cudaSuccess);
  CHECK(counts.values() == std::vector<int>(50, 25));
  CHECK(votes.values() == std::vector<int>(50, 2));
}

TEST_CASE("three-dimensional indices") {
  const Fresh fresh;
  const DeviceArray<unsigned> out(2 * 3 * 4 * 5 * 2 * 3);
  const auto launch = config(dim3(2, 3, 4), dim3(5, 2, 3));
  REQUIRE(cudaLaunchKernelEx(&launch, stx::index_kernel, out.data()) == cudaSuccess);
  const auto values = out.values();
  int wrong = 0;
  for (unsigned i = 0; i < values.size(); ++i) wrong += values[i] != i / 30 * 1000 + i % 30;
  CHECK(wrong == 0);
}

TEST_CASE("atomics") {
  const Fresh fresh;
  const DeviceArray<int> integers(std::vector<int>{0, 0, 0, 7});
  const DeviceArray<float> sum(std::vector<float>{0.0f});
  const DeviceArray<unsigned long long> ticket(std::vector<unsigned long long>{0});
  const auto launch = config(3, 40);
  REQUIRE(cudaLaunchKernelEx(&launch, stx::atomics_kernel, integers.data(), sum.data(), ticket.data()) == cudaSuccess);
  CHECK(integers.values() == std::vector<int>{120, 39, -39, 9});
  CHECK(sum.values()[0] == 60.0f);
  CHECK(ticket.values()[0] == 120ull << 33);
}

TEST_CASE("many warp barriers give the same bits in every order") {
  const Fresh fresh;
  const DeviceArray<float> forward(512 * 128), reverse(512 * 128);
  const auto launch = config(512, 128);
  REQUIRE(cudaLaunchKernelEx(&launch, stx::many_barriers_kernel, forward.data()) == cudaSuccess);
  stx_emulator::set_thread_order(stx_emulator::Order::reverse);
  REQUIRE(cudaLaunchKernelEx(&launch, stx::many_barriers_kernel, reverse.data()) == cudaSuccess);
  CHECK(forward.values() == reverse.values());
}
