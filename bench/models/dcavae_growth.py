#!/usr/bin/env python3
"""Seconds and memory of DCAVAE on simulated tissues of growing size: top lists, steps, and a whole `dcavae fit`.

Usage: dcavae_growth.py DCAVAE BENCH_DCAVAE SCRATCH_FOLDER [--sizes 50x50,50x100,100x50,100x100] [--genes 300]
                        [--threads 2] [--epochs 5]

DCAVAE and BENCH_DCAVAE are the programs that examples/dcavae and bench/models build. A size is thousands of
cells x thousands of spots, both with all genes. Pairs of files are simulated in SCRATCH_FOLDER unless they are
there. For each size two programs run, one after the other:
- `bench_dcavae time`: seconds of the top lists of both sides and medians of single steps and draws;
- `dcavae fit` without cross-validation or validation genes: reads the pair, makes the lists, trains `--epochs`
  epochs, infers the latents of all rows with all rows of the other side as keys, draws 50 samples of every
  count for the intervals, places all cells and writes both files.
Seconds and processor seconds are those of the whole process, peak memory is its largest resident set.
Prints one JSON object to stdout.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

from timing import cpu_name, run, run_json


def measured(command):
    """Runs a program: seconds, processor seconds and peak memory in MiB."""
    start = time.perf_counter()
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"{' '.join(map(str, command))} ended with status {status}")
    return {"seconds": time.perf_counter() - start, "processor_seconds": usage.ru_utime + usage.ru_stime,
            "peak_rss_mb": usage.ru_maxrss / 1024}


def grow(cells, spots, options):
    folder = pathlib.Path(options.scratch) / f"{cells}x{spots}x{options.genes}"
    if not (folder / "sc.h5ad").exists():
        run([options.bench_dcavae, "simulate", folder, "--cells", cells, "--spots", spots, "--genes", options.genes])
    common = ["--st", folder / "st.h5ad", "--sc", folder / "sc.h5ad", "--threads", options.threads, "--device", "cpu"]
    parts = run_json([options.bench_dcavae, "time", *common, "--steps", 10, "--epochs", 0])
    outputs = [folder / "spots_out.h5ad", folder / "cells_out.h5ad"]
    for path in outputs:
        path.unlink(missing_ok=True)
    fit = measured([options.dcavae, "fit", *common, "--folds", 0, "--quiet", "--out", outputs[0], "--out-cells", outputs[1],
                    "--set", f"max_epochs={options.epochs}", "--set", "validation_genes=0"])
    for path in outputs:
        path.unlink()
    return {"cells": cells, "spots": spots, "genes": options.genes, "lists_seconds": parts["lists"],
            "step_seconds": statistics.median(parts["steps"]), "draw_seconds": statistics.median(parts["draws"]),
            "steps_per_epoch": parts["steps_per_epoch"], "epochs": options.epochs, "fit": fit}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("dcavae")
    parser.add_argument("bench_dcavae")
    parser.add_argument("scratch")
    parser.add_argument("--sizes", default="50x50,50x100,100x50,100x100")
    parser.add_argument("--genes", type=int, default=300)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=5)
    options = parser.parse_args()
    results = []
    for size in options.sizes.split(","):
        cells, spots = (int(float(part) * 1000) for part in size.split("x"))
        results.append(grow(cells, spots, options))
        print(json.dumps(results[-1]), file=sys.stderr, flush=True)
    print(json.dumps({"machine": {"cpu": cpu_name()}, "threads": options.threads, "sizes": results}, indent=1))


if __name__ == "__main__":
    main()
