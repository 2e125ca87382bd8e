"""Clocks of compare_pytorch.py and names of what they ran on."""
import platform
import statistics
import time

import torch


def cpu_seconds(work, least):
    """Median of calls that together take at least `least` seconds."""
    work()
    times = []
    while sum(times) < least or len(times) < 5:
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def gpu_seconds(work, least):
    """Median over at least 5 runs of the time of a call in a row of calls; a row takes about 20 ms, at most 20 calls."""
    def row(calls):
        start, stop = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        for _ in range(calls):
            work()
        stop.record()
        stop.synchronize()
        return 1e-3 * start.elapsed_time(stop) / calls

    for _ in range(3):  # memory, plans of libraries, graphs of torch.compile
        once = row(1)
    calls = max(1, min(20, int(0.02 / max(once, 1e-6))))
    times, spent = [], 0.0
    while spent < least or len(times) < 5:
        times.append(row(calls))
        spent += times[-1] * calls
    return statistics.median(times)


def seconds_per_call(work, device):
    return gpu_seconds(work, 0.1) if device == "cuda" else cpu_seconds(work, 0.3)


def cpu_name():
    try:
        with open("/proc/cpuinfo") as info:
            return next(line.split(":", 1)[1].strip() for line in info if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


def gpu_machine():
    """The GPU, CUDA, and PyTorch Geometric where it can be imported."""
    try:
        import torch_geometric
        geometric = torch_geometric.__version__
    except Exception as error:  # a package may be there and broken
        geometric = f"not importable: {error}"
    return {"gpu": torch.cuda.get_device_name(), "cuda": torch.version.cuda, "torch_geometric": geometric}
