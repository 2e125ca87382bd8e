// bench_steps: the ladders of kernels on the GPU of this machine. Takes Google Benchmark's flags.
#include <cstdio>
#include <exception>

#include "add_ladder.hpp"

int main(int argc, char** argv) {
  using namespace stx;
  try {
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    std::unique_ptr<bench::Suite<Cuda>> suite;
    bench::for_each_device([&]<class D>() {
      if constexpr (std::is_same_v<D, Cuda>) suite = std::make_unique<bench::Suite<Cuda>>(ContextOptions{});
    });
    if (!suite) {
      std::puts("Skipped: no CUDA device");
      return 0;
    }
    benchmark::AddCustomContext("cuda copy GB/s", std::to_string(suite->peaks().copy_bytes * 1e-9));
    steps::add_softmax(*suite);
    steps::add_gat(*suite);
    steps::add_count_decoder(*suite);
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return suite->failed() ? 1 : 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_steps: %s\n", error.what());
    return 2;
  }
}
