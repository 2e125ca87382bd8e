#!/usr/bin/env bash
# Usage: STX_DEPS=DIR [STX_COMMIT=ID] bench/on_device.sh OUT [STAGE...]
# On a machine with an NVIDIA GPU, the CUDA toolkit, CMake and Ninja, without network: builds what the stages need
# (nothing twice) and runs them in this order, those that are named, or all:
#   test      every program of real-device tests, and the tour as a .cu
#   sanitize  the tests of ops under compute-sanitizer's memcheck, racecheck and initcheck, in shards side by side;
#             those of layers and models under memcheck
#   bench     the kernel benchmarks and the ladders
#   dcavae    seconds of a step and of an epoch, and peak memory, on simulated tissues
#   pytorch   ops beside PyTorch eager, compiled, SDPA and PyTorch Geometric, with the times of `bench`, which runs
#             too; Skipped where PyTorch sees no GPU
# Guessed times with 16 processors: build 120 s, test 40, sanitize 200, dcavae 60, bench 250, pytorch 150. Where ten
# minutes are all there is, two calls: `test sanitize dcavae`, then `bench pytorch`. Every part has a limit, and
# STX_SECONDS (default 570) ends the whole: a part with less time left than its limit gets what is left.
# STX_DEPS is a prefix made by bench/pack_deps.sh (leave it out where Eigen, doctest and Google Benchmark are installed);
# STX_PYTHON is the Python with PyTorch (default python3). OUT receives summary.txt, the JSON of the benchmarks and,
# whatever happens, logs.tar.gz. The exit status tells whether all passed.
set -uo pipefail
out=$(mkdir -p "${1:?usage: bench/on_device.sh OUT [STAGE...]}" && cd "$1" && pwd)
shift
stages=" ${*:-test sanitize bench dcavae pytorch} "
source_dir=$(cd "$(dirname "$0")/.." && pwd)
build=${STX_BUILD:-$source_dir/build/device}
deps=${STX_DEPS:+$(cd "$STX_DEPS" && pwd)}
python=${STX_PYTHON:-python3}
commit=${STX_COMMIT:-unknown}
logs=$(mktemp -d)
status=0
say() { echo "[$SECONDS s] $*" | tee -a "$out/summary.txt"; }
check() {  # check NAME STATUS
  if [ "$2" -eq 0 ]; then say "passed: $1"; else say "FAILED ($2): $1"; status=1; fi
}
wants() { [[ $stages == *" $1 "* ]]; }
left() { echo $((${STX_SECONDS:-570} - SECONDS)); }
limit() {  # limit SECONDS COMMAND...: SECONDS, or what is left of the whole
  local rest most=$1
  rest=$(left)
  shift
  [ "$rest" -ge 5 ] || return 124
  timeout "$((most < rest ? most : rest))" "$@"
}
finish() { tar -czf "$out/logs.tar.gz" -C "$logs" . && rm -rf "$logs"; }
trap finish EXIT
for stage in $stages; do
  case $stage in
    test | sanitize | bench | dcavae) ;;
    pytorch) stages="${stages}bench " ;;  # whose times it takes
    *) echo "unknown stage '$stage'" >&2; exit 2 ;;
  esac
done

: >"$out/summary.txt"
say "stx, commit $commit; stages:$stages"
nvidia-smi --query-gpu=name,driver_version,clocks.sm,clocks.mem,memory.total --format=csv,noheader | tee -a "$out/summary.txt"
nvcc --version | tail -1 | tee -a "$out/summary.txt"

# Build.
prefix=()
if [ -n "$deps" ]; then
  prefix=(-DCMAKE_PREFIX_PATH="$deps" -DEigen3_DIR="$deps/share/eigen3/cmake" -Ddoctest_DIR="$deps/lib/cmake/doctest"
          -Dbenchmark_DIR="$deps/lib/x86_64-linux-gnu/cmake/benchmark")
fi
ops=$build/tests/ops/test_ops_real_device nn=$build/tests/nn/test_nn_real_device
models=$build/tests/models/test_models_real_device
targets=()
if wants test || wants sanitize; then targets+=(test_ops_real_device test_nn_real_device test_models_real_device); fi
wants test && targets+=(tour_zinb_autoencoder_cuda)
wants bench && targets+=(bench_ops bench_steps)
wants dcavae && targets+=(bench_dcavae_simulated)
limit 300 cmake -S "$source_dir" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_CXX_FLAGS=-march=native \
  -DCMAKE_CUDA_ARCHITECTURES=native -DSTX_CUDA=ON -DSTX_IO=OFF "${prefix[@]}" >"$logs/build.log" 2>&1 &&
  limit 400 cmake --build "$build" --target "${targets[@]}" -- -k 0 >>"$logs/build.log" 2>&1
check "build of ${targets[*]}" $?
[ "$status" -eq 0 ] || grep -E "error|FAILED" "$logs/build.log" | head -n 40

if wants test; then
  for program in "$ops" "$nn" "$models"; do
    name=$(basename "$program")
    limit 150 "$program" >"$logs/$name.log" 2>&1
    check "$name" $?
    grep -q "Skipped: " "$logs/$name.log" && check "$name ran on a GPU" 1
    grep -E "test cases:|assertions:" "$logs/$name.log" | tee -a "$out/summary.txt"
  done
  limit 60 cmake -D PROGRAM="$build/examples/tour/tour_zinb_autoencoder_cuda" -P "$source_dir/examples/tour/check_falls.cmake" \
    >"$logs/tour.log" 2>&1
  check "tour as a .cu: the loss falls" $?
  grep -q "epoch 8: " "$logs/tour.log"
  check "tour as a .cu ran on a GPU" $?
fi

# Only stx's own kernels; the libraries' need not be checked here. A shard is a range of test cases.
sanitize() {  # sanitize TOOL PROGRAM SHARD OF
  local n first
  n=$("$2" --count --no-colors | grep -oE '[0-9]+$' | tail -n 1)
  first=$((n * ($3 - 1) / $4 + 1))
  limit 240 compute-sanitizer --tool "$1" --error-exitcode 9 --kernel-name kernel_substring=stx "$2" --order-by=name \
    --first="$first" --last=$((n * $3 / $4)) >"$logs/$1_$(basename "$2")_$3.log" 2>&1
}
if wants sanitize; then
  jobs=() names=()
  start() { sanitize "$@" & jobs+=($!) names+=("$1 $(basename "$2") $3 of $4"); }
  for shard in 1 2 3 4; do
    for tool in racecheck memcheck initcheck; do start "$tool" "$ops" "$shard" 4; done
  done
  start memcheck "$nn" 1 1
  start memcheck "$models" 1 1
  for i in "${!jobs[@]}"; do
    wait "${jobs[$i]}"
    check "compute-sanitizer ${names[$i]}" $?
  done
  grep -E "ERROR SUMMARY|RACECHECK SUMMARY|test cases:|Skipped: " "$logs"/{mem,race,init}check_*.log |
    sed "s|^$logs/||" | tee -a "$out/summary.txt"
  grep -q "Skipped: " "$logs"/{mem,race,init}check_*.log && check "the sanitized tests ran on a GPU" 1
fi

if wants dcavae; then
  { echo "{\"commit\": \"$commit\", \"runs\": ["
    comma="" failed=0
    for size in 20000x20000 50000x50000 100000x100000; do
      echo -n "$comma"
      limit 90 "$build/bench/models/bench_dcavae_simulated" --device cuda --cells "${size%x*}" --spots "${size#*x}" \
        --epochs 5 --positions 3 2>>"$logs/dcavae.log" || { failed=$?; echo null; }
      comma=","
    done
    echo "]}"
    exit "$failed"
  } | tee "$out/dcavae.json"
  check "DCAVAE's training on simulated tissues" "${PIPESTATUS[0]}"
  [ -s "$logs/dcavae.log" ] && cat "$logs/dcavae.log"
fi

if wants bench; then
  limit 360 "$build/bench/ops/bench_ops" --benchmark_filter='^cuda/' --benchmark_min_time=0.02 \
    --benchmark_report_aggregates_only=true --benchmark_out="$out/bench_ops.json" --benchmark_out_format=json \
    --commit="$commit" >"$logs/bench_ops.txt" 2>&1
  check "kernel benchmarks" $?
  limit 120 "$build/bench/steps/bench_steps" --benchmark_min_time=0.02 --benchmark_report_aggregates_only=true \
    --benchmark_out="$out/bench_steps.json" --benchmark_out_format=json \
    --benchmark_context=commit="$commit" >"$logs/bench_steps.txt" 2>&1
  check "ladders" $?
  grep -qE "^cuda/" "$logs/bench_ops.txt"
  check "kernel benchmarks ran on a GPU" $?
  grep -E "_median|rror" "$logs/bench_ops.txt" "$logs/bench_steps.txt" | sed "s|^$logs/||"
fi

if wants pytorch; then
  if "$python" -c 'import sys, torch; sys.exit(not torch.cuda.is_available())' >"$logs/torch.log" 2>&1; then
    # What is compiled too: one case of a kind that the models use. It stops by itself in time to write its JSON.
    variants='^(count_decoder|count_log_prob|gat |attention|shared_kv|linear st1|residual_layer_norm|layer_norm 1|ada_layer'
    variants+='_norm 2|rms_norm 2|softmax 2|gated_activation 220|activate 8|gaussian_kl 1|contrastive 1|mse 1024x33|q_sample 2)'
    limit 400 "$python" "$source_dir/bench/ops/compare_pytorch.py" "$build/bench/ops/bench_ops" --device cuda --rounds 1 \
      --results "$out/bench_ops.json" --variants "$variants" --seconds "$(($(left) - 40))" --commit "$commit" \
      >"$out/compare_ops_pytorch_cuda.json" 2>"$logs/pytorch.log"
    check "ops beside PyTorch" $?
    grep -E " times|Error" "$logs/pytorch.log"
  else
    say "Skipped: ops beside PyTorch, for $python imports no PyTorch with a GPU"
  fi
fi
say "done"
exit "$status"
