// Runs one backend call on the CPU in double, on the CPU in float and on CUDA, and compares.
#pragma once

#include <cstdio>
#include <deque>
#include <functional>

#include "compare.hpp"
#include "random.hpp"
#include "stx/autograd/backward.hpp"
#include "stx/backend/cpu/transfer.hpp"
#include "stx/core/transfer.hpp"
#include "stx/cuda.hpp"

namespace stx::test {

/// For products of small cases: checked launches of the emulated device compare all device memory.
inline constexpr std::size_t small_workspace = 1 << 16;

/// True, and says so, where no CUDA device can be used: a test case then returns at once.
inline bool no_cuda_device() {
  if (cuda::device_count() > 0) return false;
  std::puts("Skipped: no CUDA device");
  return true;
}

/// Device buffers of one call. Outputs lie between sentinels and start as NaN where they are to be
/// overwritten, as known numbers where they are added to.
template <class T, class D>
class DeviceRig {
 public:
  using Scalar = T;

  explicit DeviceRig(Context<D>& ctx) : ctx_(ctx) {}

  const T* input(const std::vector<double>& values) { return exact(convert<T>(values)); }

  template <class V>
  const V* exact(const std::vector<V>& values) {
    return to_device(ctx_, values, Shape{static_cast<std::int64_t>(values.size())}).data;
  }

  T* output(std::int64_t n, GradWrite write = GradWrite::overwrite) {
    return buffer(write == GradWrite::accumulate ? random_values(n, 77)
                                                 : std::vector<double>(n, std::numeric_limits<double>::quiet_NaN()));
  }
  /// An output that starts with these values.
  T* buffer(const std::vector<double>& initial) {
    std::vector<T> host(initial.size() + 2 * zone, sentinel);
    std::copy(initial.begin(), initial.end(), host.begin() + zone);
    outputs_.push_back({to_device(ctx_, host, Shape{static_cast<std::int64_t>(host.size())}), host});
    return outputs_.back().tensor.data + zone;
  }

  /// Outputs as they were at first.
  void reset() {
    for (const Output& o : outputs_) upload(ctx_, o.tensor, std::span<const T>(o.initial));
  }

  /// The outputs; fails the test if a sentinel was overwritten.
  std::vector<std::vector<T>> read() {
    std::vector<std::vector<T>> all;
    for (const Output& o : outputs_) {
      const std::vector<T> host = to_host(ctx_, o.tensor);
      bool intact = true;
      for (std::size_t i = 0; i < zone; ++i)
        intact = intact && host[i] == sentinel && host[host.size() - 1 - i] == sentinel;
      CHECK(intact);
      all.emplace_back(host.begin() + zone, host.end() - zone);
    }
    return all;
  }

 private:
  static constexpr std::size_t zone = 64;  // a multiple of 16 bytes: keeps the alignment of the arena
  static constexpr T sentinel = T(-987654);
  struct Output {
    Tensor<T, D> tensor;
    std::vector<T> initial;
  };
  Context<D>& ctx_;
  std::deque<Output> outputs_;
};

/// `op(ctx, rig)` puts inputs and outputs on the device and returns the call. Checks that
///   - CUDA is at most twice as far from the CPU's double as the CPU's float, plus a floor,
///   - a second run, a captured run and its replay give the same bits.
template <class Op>
void compare_devices(const Op& op, double floor_ulps = 8) {
  const auto on_cpu = [&]<class T>(T) {
    Context<Cpu> ctx({.threads = 1, .seed = 11});
    DeviceRig<T, Cpu> rig(ctx);
    const auto call = op(ctx, rig);
    begin_step(ctx);
    call();
    return rig.read();
  };
  const auto want = on_cpu(double{});
  const auto rough = on_cpu(float{});

  Context<Cuda> ctx({.seed = 11, .gemm_workspace_bytes = small_workspace});
  DeviceRig<float, Cuda> rig(ctx);
  const auto call = op(ctx, rig);
  begin_step(ctx);
  call();
  const auto got = rig.read();
  REQUIRE(got.size() == want.size());
  for (std::size_t k = 0; k < got.size(); ++k) {
    INFO("output ", k);
    check_close("CUDA", got[k], want[k], rough[k], floor_ulps);
  }
  rig.reset();
  call();
  CHECK(same_bits(rig.read(), got));
  StepGraph<Cuda> graph(ctx);
  for (const char* run : {"before capture", "captured", "replayed"}) {
    INFO(run);
    rig.reset();
    graph.run(0, [&] {
      begin_pass(ctx);
      call();
    });
    CHECK(same_bits(rig.read(), got));
  }
}

}  // namespace stx::test
