// The devices of a build with CUDA: the CPU, and a GPU where there is one.
#pragma once

#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <tuple>

#include "../cpu/cpu_timer.hpp"
#include "stx/backend/elementwise.hpp"
#include "stx/cuda.hpp"

namespace stx::bench {

/// Time between two events. Warm: many calls in a row, so that launches overlap with work. Cold:
/// one call after a fill that replaces what the L2 cache holds, and during which the call is
/// enqueued.
template <>
class Timer<Cuda> {
 public:
  static constexpr std::int64_t large_values = std::int64_t{1} << 27;  ///< 512 MiB
  static constexpr std::int64_t large_gemm = 8192;
  static std::vector<bool> temperatures() { return {false, true}; }

  Timer(Context<Cuda>& ctx, bool cold) : ctx_(ctx), calls_(cold ? 1 : 20) {
    cuda::check(cudaEventCreate(&start_), "cudaEventCreate");
    cuda::check(cudaEventCreate(&stop_), "cudaEventCreate");
    if (cold) flush_ = ctx.make_persistent<float>(Shape{std::int64_t{1} << 26});  // 256 MiB
  }
  ~Timer() {
    cudaEventDestroy(start_);
    cudaEventDestroy(stop_);
  }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  template <class F>
  double seconds_per_call(F&& call) {
    if (flush_) fill(ctx_, flush_.data, flush_.size(), 0.0f);
    cuda::check(cudaEventRecord(start_, ctx_.stream()), "cudaEventRecord");
    for (int i = 0; i < calls_; ++i) call();
    cuda::check(cudaEventRecord(stop_, ctx_.stream()), "cudaEventRecord");
    cuda::check(cudaEventSynchronize(stop_), "cudaEventSynchronize");
    float milliseconds = 0;
    cuda::check(cudaEventElapsedTime(&milliseconds, start_, stop_), "cudaEventElapsedTime");
    return 1e-3 * static_cast<double>(milliseconds) / calls_;
  }

 private:
  Context<Cuda>& ctx_;
  int calls_;
  Tensor<float, Cuda> flush_;
  cudaEvent_t start_ = nullptr;
  cudaEvent_t stop_ = nullptr;
};

inline void copy_on_device(Context<Cuda>& ctx, float* to, const float* from, std::int64_t size) {
  cuda::check(
      cudaMemcpyAsync(to, from, static_cast<std::size_t>(size) * sizeof(float), cudaMemcpyDeviceToDevice, ctx.stream()),
      "cudaMemcpyAsync");
}

/// One suite per kind of device; null where the machine has none.
template <template <class> class Suite>
using SuiteTuple = std::tuple<std::unique_ptr<Suite<Cpu>>, std::unique_ptr<Suite<Cuda>>>;

/// Calls f.template operator()<D>() for every device of this machine.
template <class F>
void for_each_device(F&& f) {
  f.template operator()<Cpu>();
  if (cuda::device_count() == 0) return;
  cudaDeviceProp properties;
  cuda::check(cudaGetDeviceProperties(&properties, 0), "cudaGetDeviceProperties");
  int driver = 0, runtime = 0;
  cuda::check(cudaDriverGetVersion(&driver), "cudaDriverGetVersion");
  cuda::check(cudaRuntimeGetVersion(&runtime), "cudaRuntimeGetVersion");
  benchmark::AddCustomContext("gpu", properties.name);
  benchmark::AddCustomContext("cuda driver", std::to_string(driver));
  benchmark::AddCustomContext("cuda runtime", std::to_string(runtime));
  f.template operator()<Cuda>();
}

}  // namespace stx::bench
