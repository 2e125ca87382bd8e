// bench_ops: every op on every device of this machine. Beside Google Benchmark's own flags:
//   --threads=N   CPU threads (default: all)
//   --commit=ID   written into the context of the results
//   --peaks=no    starts at once: no shares of the copy bandwidth and the GEMM rate
#include <cstdio>
#include <fstream>

#include "registry.hpp"

namespace {

std::string cpu_name() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);)
    if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
  return "unknown";
}

/// Takes `--name=value` out of the arguments; `fallback` when it is not there.
std::string take_flag(int& argc, char** argv, const std::string& name, const std::string& fallback) {
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument.rfind("--" + name + "=", 0) != 0) continue;
    for (int j = i; j + 1 < argc; ++j) argv[j] = argv[j + 1];
    --argc;
    return argument.substr(name.size() + 3);
  }
  return fallback;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace stx::bench;
  try {
    const std::string commit = take_flag(argc, argv, "commit", "");
    const stx::ContextOptions options{.threads = std::stoi(take_flag(argc, argv, "threads", "0"))};
    const bool with_peaks = take_flag(argc, argv, "peaks", "yes") != "no";
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    benchmark::AddCustomContext("cpu", cpu_name());
    benchmark::AddCustomContext("threads", std::to_string(stx::Context<stx::Cpu>(options).threads()));
    benchmark::AddCustomContext("compiler", __VERSION__);
    if (!commit.empty()) benchmark::AddCustomContext("commit", commit);

    Suites suites(options, with_peaks);
    if (with_peaks)
      suites.each([]<class D>(Suite<D>& suite) {
        const std::string device = D::name;
        benchmark::AddCustomContext(device + " copy GB/s", std::to_string(suite.peaks().copy_bytes * 1e-9));
        benchmark::AddCustomContext(device + " gemm GFLOP/s", std::to_string(suite.peaks().gemm_flops * 1e-9));
      });
#define STX_BENCH_OP(op) register_##op(suites);
#include "all_ops.inc"
#undef STX_BENCH_OP
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return suites.failed() ? 1 : 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_ops: %s\n", error.what());
    return 2;
  }
}
