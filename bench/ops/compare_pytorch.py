#!/usr/bin/env python3
"""Seconds per call of ops in PyTorch (eager) and in stx, on the CPU, on the same threads and shapes.

Usage: compare_pytorch.py BENCH_OPS [--threads 2] [--rounds 3] [--only REGEX]

BENCH_OPS is the program that bench/ops builds. Every case names its benchmarks there, whose medians are
added, and does the same work in PyTorch, forward and backward unless it says otherwise. Each round times
PyTorch, then bench_ops: alternating, so that a busy machine disturbs both; medians over the rounds. Prints
one JSON object to stdout. The cases are in pytorch_*.py beside this file; one more is a function with @case.
Needs the Python that bench/models/setup_venv.sh makes.
"""
import argparse
import json
import platform
import re
import statistics
import subprocess
import sys
import time

import torch

import pytorch_counts  # noqa: F401  (they register their cases)
import pytorch_network  # noqa: F401
import pytorch_sampling  # noqa: F401
from pytorch_case import CASES


# Random numbers and samplers: nothing has a gradient.

@case("normal_8192x2000", "random_fill/normal_large_8192x2000")
def _():
    return lambda: torch.randn(8192, 2000)


@case("sample_counts_4096x2000", "sample_counts/large_4096x2000")
def _():
    mu, theta = torch.exp(torch.empty(4096, 2000).uniform_(-2, 4)), torch.exp(torch.empty(2000).uniform_(-1, 2))
    shape = theta.expand(4096, 2000).contiguous()
    return lambda: torch.poisson(torch._standard_gamma(shape) * (mu / theta))


@case("softmax_sample_1000000_draw_1024", "softmax_sample/large_1000000_draw_1024")
def _():
    logits = torch.empty(1000000).uniform_(-2, 2)
    return lambda: torch.multinomial(torch.softmax(logits, 0), 1024, replacement=True)


@case("permutation_1000003", "permutation/large_1000003")
def _():
    return lambda: torch.randperm(1000003)


@case("q_sample_8192x2000", "q_sample/large_8192x2000")
def _():
    x0, t = torch.randn(8192, 2000), torch.ones(8192, dtype=torch.long)
    signal, noise = torch.tensor([1, 0.75]), torch.tensor([0, 0.5])

    def work():
        eps = torch.randn_like(x0)
        return signal[t, None] * x0 + noise[t, None] * eps
    return work


def update(noisy):
    u, x0, eps, known = (torch.randn(8192, 2000) for _ in range(4))
    mask = torch.rand(8192, 2000) < 0.5
    low, high = -torch.ones(2000), torch.ones(2000)

    def work():
        now = torch.clamp(u - 0.5 * eps, low, high)
        rest = 0.25 * torch.randn_like(u) if noisy else 0.125 * x0
        return torch.where(mask, known, 0.5 * u + 0.25 * now + rest), now
    return work


@case("diffusion_update_dpm2m_8192x2000", "diffusion_update/dpm2m_large_8192x2000")
def _():
    return update(False)


@case("diffusion_update_ddpm_8192x2000", "diffusion_update/ddpm_large_8192x2000")
def _():
    return update(True)


@case("timestep_embedding_65536x256", "timestep_embedding/large_65536x256")
def _():
    t = (torch.arange(65536) * 7 % 1500).float()
    f = torch.exp(-np.log(10000.0) * torch.arange(128) / 128)

    def work():
        angle = t[:, None] * f
        return torch.cat([angle.cos(), angle.sin()], 1)
    return work


@case("gated_activation_14080x2048_forward", "gated_activation/large_14080x2048")
def _():
    x = torch.empty(14080, 4096).uniform_(-3, 3)
    return lambda: F.gelu(x[:, :2048], approximate="tanh") * x[:, 2048:]


# On flat buffers of all parameters.

@case("clip_grad_norm_9200000", "clip_grad_norm/spotdiff_9200000")
def _():
    parameter = torch.zeros(9200000, requires_grad=True)
    parameter.grad = torch.empty(9200000).uniform_(-1, 1)
    return lambda: torch.nn.utils.clip_grad_norm_([parameter], 1e-3)


@case("ema_9200000", "ema/spotdiff_9200000")
def _():
    average, values = torch.zeros(9200000), torch.empty(9200000).uniform_(-1, 1)
    return lambda: average.lerp_(values, 0.25)


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
    """Sum of the medians of the named benchmarks."""
    wanted = "|".join(f"cpu/{re.escape(n)}/" for n in names)
    command = [program, f"--threads={threads}", f"--benchmark_filter=^({wanted})", "--benchmark_format=json",
               "--benchmark_min_time=0.05"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with status {done.returncode}:\n{done.stderr}")
    found = [b for b in json.loads(done.stdout)["benchmarks"] if b.get("aggregate_name") == "median"]
    if len(found) != len(names):
        sys.exit(f"{program} has {len(found)} of the benchmarks {', '.join(names)}")
    scale = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}
    return sum(b["real_time"] * scale[b["time_unit"]] for b in found)


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
    parser.add_argument("--only", default="", help="regular expression that a case's name must match")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    results = {}
    for name, (benchmarks, build) in CASES.items():
        if not re.search(options.only, name):
            continue
        work = build()
        pytorch, stx = [], []
        for _ in range(options.rounds):
            pytorch.append(seconds_per_call(work))
            stx.append(bench_ops(options.bench_ops, benchmarks, options.threads))
        slow, fast = statistics.median(pytorch), statistics.median(stx)
        results[name] = {"benchmarks": benchmarks, "pytorch_us": slow * 1e6, "stx_us": fast * 1e6, "times_faster": slow / fast,
                         "rounds": {"pytorch_us": [t * 1e6 for t in pytorch], "stx_us": [t * 1e6 for t in stx]}}
    print(json.dumps({"machine": {"cpu": cpu_name(), "torch": torch.__version__}, "threads": options.threads,
                      "cases": results}, indent=1))


if __name__ == "__main__":
    main()
