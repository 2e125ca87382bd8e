#!/usr/bin/env bash
# Usage: STX_DEPS=DIR [STX_COMMIT=ID] bench/on_device.sh OUT
# On a machine with an NVIDIA GPU, the CUDA toolkit, CMake and Ninja, without network: builds stx, runs the
# real-device tests, the same under compute-sanitizer, and the kernel benchmarks. STX_DEPS is a prefix made
# by bench/pack_deps.sh (leave it out where Eigen, doctest and Google Benchmark are installed). Logs and
# bench_ops.json and bench_steps.json go to OUT. Every part runs under a time limit; the exit status tells
# whether all passed.
set -uo pipefail
out=$(mkdir -p "${1:?usage: bench/on_device.sh OUT}" && cd "$1" && pwd)
source_dir=$(cd "$(dirname "$0")/.." && pwd)
build=${STX_BUILD:-$source_dir/build/device}
deps=${STX_DEPS:+$(cd "$STX_DEPS" && pwd)}
status=0
say() { echo "[$SECONDS s] $*" | tee -a "$out/summary.txt"; }
check() {  # check NAME STATUS
  if [ "$2" -eq 0 ]; then say "passed: $1"; else say "FAILED ($2): $1"; status=1; fi
}

: >"$out/summary.txt"
say "stx ${STX_COMMIT:-of unknown commit}"
nvidia-smi --query-gpu=name,driver_version,clocks.sm,clocks.mem,memory.total --format=csv,noheader | tee -a "$out/summary.txt"
nvcc --version | tail -1 | tee -a "$out/summary.txt"

prefix=()
if [ -n "$deps" ]; then
  prefix=(-DCMAKE_PREFIX_PATH="$deps" -DEigen3_DIR="$deps/share/eigen3/cmake" -Ddoctest_DIR="$deps/lib/cmake/doctest"
          -Dbenchmark_DIR="$deps/lib/x86_64-linux-gnu/cmake/benchmark")
fi
cmake -S "$source_dir" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_CXX_FLAGS=-march=native \
  -DCMAKE_CUDA_ARCHITECTURES=native -DSTX_CUDA=ON -DSTX_IO=OFF -DSTX_EXAMPLES=OFF "${prefix[@]}" >"$out/build.log" 2>&1 &&
  cmake --build "$build" --target stx_compiled test_ops_real_device test_nn_real_device test_models_real_device >>"$out/build.log" 2>&1
check "build of library and tests" $?
cmake --build "$build" --target bench_ops bench_steps >>"$out/build.log" 2>&1
check "build of benchmarks" $?
[ "$status" -eq 0 ] || tail -n 40 "$out/build.log"

tests=$build/tests/ops/test_ops_real_device
{ timeout 120 "$tests" && timeout 30 "$build/tests/nn/test_nn_real_device" &&
  timeout 60 "$build/tests/models/test_models_real_device"; } >"$out/tests.log" 2>&1
check "tests on the device" $?
grep -q "Skipped: no CUDA device" "$out/tests.log" && { say "FAILED: tests were skipped"; status=1; }
grep "test cases" "$out/tests.log" | tee -a "$out/summary.txt"

# Only stx's own kernels; the libraries' need not be checked here.
sanitize() {  # sanitize TOOL OPTION...
  timeout 150 compute-sanitizer --tool "$1" --error-exitcode 9 --kernel-name kernel_substring=stx "${@:2}" \
    "$tests" >"$out/$1.log" 2>&1
}
sanitize memcheck & memcheck=$!
sanitize racecheck & racecheck=$!
sanitize initcheck & initcheck=$!
for tool in memcheck racecheck initcheck; do
  wait "${!tool}"
  check "compute-sanitizer $tool" $?
  grep -E "ERROR SUMMARY|RACECHECK SUMMARY|test cases" "$out/$tool.log" | tee -a "$out/summary.txt"
done

timeout 200 "$build/bench/ops/bench_ops" --benchmark_filter='^cuda/' --benchmark_min_time=0.05 \
  --benchmark_report_aggregates_only=true --benchmark_out="$out/bench_ops.json" --benchmark_out_format=json \
  ${STX_COMMIT:+--commit="$STX_COMMIT"} >"$out/bench_ops.txt" 2>&1
check "benchmarks" $?
timeout 200 "$build/bench/steps/bench_steps" --benchmark_min_time=0.05 --benchmark_report_aggregates_only=true \
  --benchmark_out="$out/bench_steps.json" --benchmark_out_format=json \
  ${STX_COMMIT:+--benchmark_context=commit="$STX_COMMIT"} >"$out/bench_steps.txt" 2>&1
check "ladders" $?
grep -E "_median|rror" "$out/bench_ops.txt" "$out/bench_steps.txt"
say "done"
exit "$status"
