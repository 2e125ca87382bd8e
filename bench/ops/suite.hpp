// Registers benchmarks of one device and turns their times into rates and shares of the peaks.
#pragma once

#include <memory>

#include "case.hpp"
#include "devices.hpp"
#include "stx/backend/elementwise.hpp"
#include "stx/backend/gemm.hpp"

namespace stx::bench {

/// What this machine reached at the start of this process; zero when it was not measured.
struct Peaks {
  double copy_bytes = 0;  ///< bytes per second of a large copy, reads and writes counted
  double gemm_flops = 0;  ///< operations per second of a large square GEMM
};

template <class D>
class Suite {
 public:
  static constexpr std::int64_t checked_rows = 128;
  static constexpr double tolerance = 1e-4;

  explicit Suite(const ContextOptions& options, bool with_peaks = true)
      : options_(options), peaks_(with_peaks ? measure_peaks() : Peaks{}) {}

  const Peaks& peaks() const { return peaks_; }
  bool failed() const { return failed_; }

  /// `build(ctx, rows)` makes the case. It is first built and judged with few rows, then measured
  /// with all of them.
  template <class Build>
  void add(const std::string& name, std::int64_t rows, Work work, Build build) {
    for (const bool cold : Timer<D>::temperatures()) {
      const std::string full = std::string(D::name) + "/" + name + (cold ? "/cold" : "");
      benchmark::RegisterBenchmark(full.c_str(),
                                   [this, name, rows, work, build, cold](benchmark::State& state) {
                                     measure(state, name, rows, work, build, cold);
                                   })
          ->UseManualTime()
          ->Unit(benchmark::kMicrosecond)
          ->Repetitions(5);
    }
  }

 private:
  /// A case that was judged and made, and its clocks: for all runs of its benchmarks, warm and cold, for to make a
  /// large one takes longer than to measure it.
  struct Problem {
    std::string name;
    double error = 0;  ///< of the case with few rows
    std::unique_ptr<Context<D>> ctx;
    Case full;
    std::unique_ptr<Timer<D>> timers[2];
  };

  template <class Build>
  Problem& problem(const std::string& name, std::int64_t rows, const Build& build) {
    if (problem_ && problem_->name == name) return *problem_;
    problem_.reset();  // its memory first
    auto made = std::make_unique<Problem>();
    made->name = name;
    {
      Context<D> ctx(options_);
      const Case small = build(ctx, std::min(rows, checked_rows));
      small.run();
      made->error = small.error();
    }
    if (made->error <= tolerance) {
      made->ctx = std::make_unique<Context<D>>(options_);
      made->full = build(*made->ctx, rows);
    }
    problem_ = std::move(made);
    return *problem_;
  }

  template <class Build>
  void measure(benchmark::State& state, const std::string& name, std::int64_t rows, const Work& work,
               const Build& build, bool cold) {
    Problem& p = problem(name, rows, build);
    if (!(p.error <= tolerance)) {
      failed_ = true;
      state.SkipWithError(("wrong result: relative error " + std::to_string(p.error)).c_str());
      return;
    }
    Context<D>& ctx = *p.ctx;
    if (!p.timers[cold]) p.timers[cold] = std::make_unique<Timer<D>>(ctx, cold);
    Timer<D>& timer = *p.timers[cold];
    const auto call = [&] {
      begin_pass(ctx);
      p.full.run();
    };
    for (int i = 0; i < 3; ++i) timer.seconds_per_call(call);
    double seconds = 0;
    for (auto _ : state) {
      const double each = timer.seconds_per_call(call);
      state.SetIterationTime(each);
      seconds += each;
    }
    const double calls_per_second = static_cast<double>(state.iterations()) / seconds;
    state.counters["bytes"] = work.bytes;
    state.counters["flop"] = work.flops;
    state.counters["GB/s"] = work.bytes * calls_per_second * 1e-9;
    state.counters["GFLOP/s"] = work.flops * calls_per_second * 1e-9;
    if (peaks_.copy_bytes == 0) return;
    state.counters["%copy"] = 100 * work.bytes * calls_per_second / peaks_.copy_bytes;
    state.counters["%gemm"] = 100 * work.flops * calls_per_second / peaks_.gemm_flops;
  }

  /// Best of several runs each.
  Peaks measure_peaks() const {
    Peaks peaks;
    Context<D> ctx(options_);
    Timer<D> timer(ctx, false);
    const std::int64_t values = Timer<D>::large_values, n = Timer<D>::large_gemm;
    Buffers<D> memory(ctx);
    float* from = memory.output(values);
    float* to = memory.output(values);
    fill(ctx, from, values, 1.0f);
    float* a = memory.random(n * n);
    float* b = memory.random(n * n);
    float* c = memory.output(n * n);
    for (int i = 0; i < 7; ++i) {
      const double copied = timer.seconds_per_call([&] { copy_on_device(ctx, to, from, values); });
      peaks.copy_bytes = std::max(peaks.copy_bytes, 2.0 * sizeof(float) * static_cast<double>(values) / copied);
      const double multiplied =
          timer.seconds_per_call([&] { gemm(ctx, GemmArgs<float>{.a = a, .b = b, .c = c, .m = n, .n = n, .k = n}); });
      peaks.gemm_flops = std::max(peaks.gemm_flops, 2.0 * static_cast<double>(n * n * n) / multiplied);
    }
    return peaks;
  }

  ContextOptions options_;
  Peaks peaks_;
  bool failed_ = false;
  std::unique_ptr<Problem> problem_;  ///< of the benchmark that runs
};

}  // namespace stx::bench
