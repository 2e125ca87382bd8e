#!/usr/bin/env python3
"""Where the time of a build goes: build_times.py BUILD_FOLDER [N].

Reads .ninja_log of a build folder and prints the sum over all steps, the sums by folder and the N slowest
files (10). Ninja notes wall-clock times: they are CPU seconds only where nothing else ran.
"""
import sys
from collections import defaultdict
from pathlib import Path


def steps(log):
    """Seconds of the last run of each step, named by its first output."""
    seconds = {}
    by_command = {}
    for line in log.read_text().splitlines():
        if line.startswith("#"):
            continue
        start, end, _, output, command = line.split("\t")
        by_command[command] = output if command not in by_command else by_command[command]
        if by_command[command] == output:
            seconds[output] = (int(end) - int(start)) / 1000
    return seconds


def folder(output):
    """tests/ops/CMakeFiles/test_ops.dir/mse_test.cpp.o -> tests/ops: test_ops"""
    parts = output.split("/CMakeFiles/")
    return f"{parts[0]}: {parts[1].split('.dir')[0]}" if len(parts) == 2 else "links and the rest"


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    seconds = steps(Path(sys.argv[1]) / ".ninja_log")
    most = int(sys.argv[2]) if len(sys.argv) == 3 else 10
    print(f"{sum(seconds.values()):.0f} s in {len(seconds)} steps")
    folders = defaultdict(list)
    for output, taken in seconds.items():
        folders[folder(output)].append(taken)
    print("\nby target")
    for name, taken in sorted(folders.items(), key=lambda item: -sum(item[1])):
        print(f"{sum(taken):8.1f} s  {len(taken):4d}  {name}")
    print("\nslowest")
    for output, taken in sorted(seconds.items(), key=lambda item: -item[1])[:most]:
        print(f"{taken:8.1f} s  {output.replace('CMakeFiles/', '')}")


if __name__ == "__main__":
    main()
