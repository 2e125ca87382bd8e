"""What the comparisons in this folder share: timing, summaries, the machine, runs of programs."""
import json
import pathlib
import platform
import statistics
import subprocess
import sys
import time

import numpy as np

ADAMS = {"loop": {"foreach": False}, "foreach": {"foreach": True}, "fused": {"fused": True}}


def seconds(work, count):
    """Seconds of each of `count` calls."""
    times = []
    for _ in range(count):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return times


def fastest(makers, warm, count):
    """The name in `makers` whose work's median call takes least, and the medians of all; a maker makes its work."""
    trial = {}
    for name, make in makers.items():
        work = make()
        seconds(work, warm)
        trial[name] = statistics.median(seconds(work, count))
    return min(trial, key=trial.get), trial


def summary(times):
    return {"median": statistics.median(times), "min": min(times), "max": max(times),
            "quartiles": [float(q) for q in np.percentile(times, [25, 75])], "n": len(times)}


def run(command):
    """Standard output of a program; its failure ends this one."""
    command = [str(part) for part in command]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with status {done.returncode}:\n{done.stderr}")
    return done.stdout


def run_json(command):
    return json.loads(run(command))


def cpu_name():
    info = pathlib.Path("/proc/cpuinfo")
    for line in info.read_text().splitlines() if info.exists() else []:
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()
