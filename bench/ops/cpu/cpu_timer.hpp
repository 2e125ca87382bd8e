// Time on the CPU: the wall clock around one call.
#pragma once

#include <chrono>
#include <cstring>
#include <vector>

#include "stx/core/context.hpp"

namespace stx::bench {

template <class D>
class Timer;

template <>
class Timer<Cpu> {
 public:
  static constexpr std::int64_t large_values = std::int64_t{1} << 24;  ///< 64 MiB: beyond most caches
  static constexpr std::int64_t large_gemm = 1536;
  static std::vector<bool> temperatures() { return {false}; }

  Timer(Context<Cpu>&, bool) {}

  template <class F>
  double seconds_per_call(F&& call) {
    const auto start = std::chrono::steady_clock::now();
    call();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
};

inline void copy_on_device(Context<Cpu>& ctx, float* to, const float* from, std::int64_t size) {
  parallel_chunks(ctx.threads(), size, 1 << 16, [&](std::int64_t begin, std::int64_t end) {
    std::memcpy(to + begin, from + begin, static_cast<std::size_t>(end - begin) * sizeof(float));
  });
}

}  // namespace stx::bench
