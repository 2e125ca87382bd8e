#!/usr/bin/env python3
"""Seconds per call of ops in PyTorch (eager) and in stx, on the CPU, on the same threads and shapes.

Usage: compare_pytorch.py BENCH_OPS [--threads 2] [--rounds 3] [--only REGEX] [--commit ID] [--into FILE]

BENCH_OPS is the program that bench/ops builds. Every case names its benchmarks there, whose medians are
added, and does the same work in PyTorch, forward and backward unless it says otherwise. Each round times
PyTorch, then bench_ops: alternating, so that a busy machine disturbs both; medians over the rounds. Prints
one JSON object to stdout; with --into, that of FILE with the cases measured now. The cases are in pytorch_*.py beside this file; one more is a function with @case.
Needs the Python that bench/models/setup_venv.sh makes.
"""
import argparse
import json
import pathlib
import platform
import re
import statistics
import subprocess
import sys
import time

import torch

import pytorch_counts  # noqa: F401  (they register their cases)
import pytorch_network  # noqa: F401
import pytorch_rows  # noqa: F401
import pytorch_sampling  # noqa: F401
from pytorch_case import CASES


def seconds_per_call(work, least=0.3):
    """Median of calls that together take at least `least` seconds."""
    work()
    times = []
    while sum(times) < least or len(times) < 5:
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def bench_ops(program, names, threads):
    """Sum of the medians of the named benchmarks, and the compiler of the program."""
    wanted = "|".join(f"cpu/{re.escape(n)}/" for n in names)
    command = [program, f"--threads={threads}", f"--benchmark_filter=^({wanted})", "--benchmark_format=json",
               "--benchmark_min_time=0.05", "--peaks=no"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with status {done.returncode}:\n{done.stderr}")
    said = json.loads(done.stdout)
    found = [b for b in said["benchmarks"] if b.get("aggregate_name") == "median"]
    if len(found) != len(names):
        sys.exit(f"{program} has {len(found)} of the benchmarks {', '.join(names)}")
    scale = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}
    return sum(b["real_time"] * scale[b["time_unit"]] for b in found), said["context"]["compiler"]


def checked_out():
    """The commit of the tree that this file is in; "-dirty" after it when the tree has changes."""
    done = subprocess.run(["git", "-C", pathlib.Path(__file__).parent, "describe", "--always", "--dirty", "--abbrev=7",
                           "--exclude=*"], capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def cpu_name():
    try:
        with open("/proc/cpuinfo") as info:
            return next(line.split(":", 1)[1].strip() for line in info if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("bench_ops")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--commit", default=checked_out(), help="what BENCH_OPS was built from, if not this tree")
    parser.add_argument("--into", help="an earlier output, whose other cases are kept")
    parser.add_argument("--only", default="", help="regular expression that a case's name must match")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    results, compiler = {}, ""
    for name, (benchmarks, build) in CASES.items():
        if not re.search(options.only, name):
            continue
        work = build()
        pytorch, stx = [], []
        for _ in range(options.rounds):
            pytorch.append(seconds_per_call(work))
            seconds, compiler = bench_ops(options.bench_ops, benchmarks, options.threads)
            stx.append(seconds)
        slow, fast = statistics.median(pytorch), statistics.median(stx)
        print(f"{name}: {slow * 1e6:.1f} us, {fast * 1e6:.1f} us, {slow / fast:.2f} times", file=sys.stderr, flush=True)
        results[name] = {"commit": options.commit, "benchmarks": benchmarks, "pytorch_us": slow * 1e6, "stx_us": fast * 1e6, "times_faster": slow / fast,
                         "rounds": {"pytorch_us": [t * 1e6 for t in pytorch], "stx_us": [t * 1e6 for t in stx]}}
    machine = {"cpu": cpu_name(), "torch": torch.__version__, "compiler": compiler}
    if options.into:
        earlier = json.loads(pathlib.Path(options.into).read_text())
        if (earlier["machine"], earlier["threads"]) != (machine, options.threads):
            sys.exit(f"{options.into} is of another machine, PyTorch, compiler or number of threads: {earlier['machine']}")
        results = {name: results.get(name, earlier["cases"].get(name)) for name in CASES}
        results = {name: case for name, case in results.items() if case}
    print(json.dumps({"machine": machine, "threads": options.threads, "cases": results}, indent=1))


if __name__ == "__main__":
    main()
