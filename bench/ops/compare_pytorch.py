#!/usr/bin/env python3
"""Seconds per call of ops in PyTorch and in stx, on the same shapes: on the CPU on the same threads, or on a GPU.

Usage: compare_pytorch.py BENCH_OPS [--device cpu] [--threads 2] [--rounds 3] [--only REGEX] [--commit ID] [--into FILE]
                          [--results FILE] [--variants REGEX] [--seconds N]

BENCH_OPS is the program that bench/ops builds. Every case names its benchmarks there, whose medians are
added, and does the same work in PyTorch (eager), forward and backward unless it says otherwise. Each round times
PyTorch, then bench_ops: alternating, so that a busy machine disturbs both; medians over the rounds. With --results,
JSON that bench_ops wrote on this machine, stx's times are read from there. Prints one JSON object to stdout; with
--into, that of FILE with the cases measured now. The cases are in pytorch_*.py beside this file; one more is a
function with @case.

--device cuda: tensors on the GPU, times between two events on its stream around as many calls as fill 20 ms, as
bench_ops takes them. --variants names the cases that are also timed in other ways: `compiled`, torch.compile of the
forward pass; for attention `sdpa`, for gat `torch_geometric`, its GATConv. One that fails tells why. --seconds: after
so many no other case is begun; those left out are named. Needs PyTorch; on the CPU the Python that
bench/models/setup_venv.sh makes has what the cases need.
"""
import argparse
import json
import pathlib
import re
import statistics
import subprocess
import sys
import time

import torch

import pytorch_attention  # noqa: F401  (they register their cases)
import pytorch_counts  # noqa: F401
import pytorch_metrics  # noqa: F401
import pytorch_network  # noqa: F401
import pytorch_rows  # noqa: F401
import pytorch_sampling  # noqa: F401
from pytorch_case import CASES, variants_of
from pytorch_timing import cpu_name, gpu_machine, seconds_per_call

SCALE = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}


def medians(said, names, device):
    """Sum of the medians of the named benchmarks; None when one is missing or failed."""
    found = {b["run_name"]: b["real_time"] * SCALE[b["time_unit"]] for b in said["benchmarks"]
             if b.get("aggregate_name") == "median" and not b.get("error_occurred")}
    times = [seconds for n in names for run, seconds in found.items() if run.startswith(f"{device}/{n}/repeats:")]
    return sum(times) if len(times) == len(names) else None


def run_bench_ops(program, names, device, threads):
    wanted = "|".join(f"{device}/{re.escape(n)}/repeats:" for n in names)
    command = [program, f"--threads={threads}", f"--benchmark_filter=^({wanted})", "--benchmark_format=json",
               "--benchmark_min_time=0.05", "--peaks=no"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with status {done.returncode}:\n{done.stderr}")
    return json.loads(done.stdout)


def checked_out():
    """The commit of the tree that this file is in; "-dirty" after it when the tree has changes."""
    done = subprocess.run(["git", "-C", pathlib.Path(__file__).parent, "describe", "--always", "--dirty", "--abbrev=7",
                           "--exclude=*"], capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def measure(name, options, earlier):
    """A case's result and the compiler of bench_ops."""
    benchmarks, build, _ = CASES[name]
    work = build()
    pytorch, stx = [], []
    for _ in range(options.rounds):
        pytorch.append(seconds_per_call(work, options.device))
        said = earlier or run_bench_ops(options.bench_ops, benchmarks, options.device, options.threads)
        stx.append(medians(said, benchmarks, options.device))
        if stx[-1] is None:
            raise LookupError(f"{options.results or options.bench_ops} lacks a benchmark of {', '.join(benchmarks)}")
    slow, fast = statistics.median(pytorch), statistics.median(stx)
    print(f"{name}: {slow * 1e6:.1f} us, {fast * 1e6:.1f} us, {slow / fast:.2f} times", file=sys.stderr, flush=True)
    result = {"commit": options.commit, "benchmarks": benchmarks, "pytorch_us": slow * 1e6, "stx_us": fast * 1e6,
              "times_faster": slow / fast,
              "rounds": {"pytorch_us": [t * 1e6 for t in pytorch], "stx_us": [t * 1e6 for t in stx]}}
    return result, said["context"]["compiler"]


def measure_variant(name, kind, build, device, stx_us):
    """Times of another way, or why there are none."""
    try:
        microseconds = seconds_per_call(build(), device) * 1e6
    except Exception as error:  # whatever a compiler or a package that is not there raises
        print(f"{name}, {kind}: {type(error).__name__}", file=sys.stderr, flush=True)
        return {"failed": f"{type(error).__name__}: {error}"[:300]}
    print(f"{name}, {kind}: {microseconds:.1f} us, {microseconds / stx_us:.2f} times", file=sys.stderr, flush=True)
    return {"us": microseconds, "times_faster": microseconds / stx_us}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("bench_ops")
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--commit", default=checked_out(), help="what BENCH_OPS was built from, if not this tree")
    parser.add_argument("--into", help="an earlier output, whose other cases are kept")
    parser.add_argument("--results", help="JSON of bench_ops to take stx's times from")
    parser.add_argument("--variants", help="regular expression of the cases that are timed in other ways too")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="after these no case is begun")
    parser.add_argument("--only", default="", help="regular expression that a case's name must match")
    options = parser.parse_args()
    start = time.monotonic()
    if options.device == "cuda" and not torch.cuda.is_available():
        sys.exit("PyTorch sees no GPU")
    if options.device == "cuda":  # no set_default_device(), whose mode costs a microsecond and more for every op
        torch.set_default_tensor_type(torch.cuda.FloatTensor)
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    earlier = json.loads(pathlib.Path(options.results).read_text()) if options.results else None
    on_gpu = options.device == "cuda"
    wanted = [name for name in CASES if re.search(options.only, name) and not (on_gpu and CASES[name].cpu_only)]
    results, compiler, left_out, failed = {}, "", [], {}
    for name in wanted:
        if time.monotonic() - start > options.seconds:
            left_out.append(name)
            continue
        try:
            results[name], compiler = measure(name, options, earlier)
        except Exception as error:  # the other cases are still worth their time
            failed[name] = f"{type(error).__name__}: {error}"[:300]
            print(f"{name}: {failed[name]}", file=sys.stderr, flush=True)
        if on_gpu:
            torch.cuda.empty_cache()
    for name in results if options.variants else []:  # last: they compile
        for kind, build in variants_of(name).items() if re.search(options.variants, name) else []:
            if time.monotonic() - start > options.seconds:
                left_out.append(f"{name}, {kind}")
            else:
                results[name].setdefault("variants", {})[kind] = measure_variant(
                    name, kind, build, options.device, results[name]["stx_us"])
    machine = {"cpu": cpu_name(), "torch": torch.__version__, "compiler": compiler}
    if on_gpu:
        machine = gpu_machine() | machine
    if options.into:
        before = json.loads(pathlib.Path(options.into).read_text())
        if (before["machine"], before["threads"]) != (machine, options.threads):
            sys.exit(f"{options.into} is of another machine, PyTorch, compiler or number of threads: {before['machine']}")
        results = {name: results.get(name, before["cases"].get(name)) for name in CASES}
        results = {name: case for name, case in results.items() if case}
    said = {"machine": machine, "threads": options.threads, "cases": results}
    if on_gpu:
        said["not_on_gpu"] = {name: c.cpu_only for name, c in CASES.items() if c.cpu_only}
    if left_out:
        said["left_out"] = left_out
    if failed:
        said["failed"] = failed
    print(json.dumps(said, indent=1))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
