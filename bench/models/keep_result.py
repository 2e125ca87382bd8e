#!/usr/bin/env python3
"""Keeps what `evaluate --json` of a runner wrote as a file of bench/results.

Usage: keep_result.py RESULT.json... FOLDER [--data-folder FOLDER]

All of it, but for three things: numbers of single genes are kept by columns, four digits each, and only those that tables
and tests are made of; paths of data begin below --data-folder; what took time is left as it is.
"""
import argparse
import json
import pathlib

COLUMNS = ("gene", "fold", "pcc", "scc", "kendall", "rmse", "auc", "calibration_slope", "calibration_intercept", "coverage_90")


def short(value):
    return float(f"{value:.4g}") if isinstance(value, float) else value


def by_columns(rows):
    return {name: [short(row.get(name)) for row in rows] for name in COLUMNS if any(name in row for row in rows)}


def compact(value, indent=0):
    """JSON with one line for every list and for every object of plain values."""
    if isinstance(value, dict) and any(isinstance(v, (dict, list)) for v in value.values()):
        pad = " " * (indent + 1)
        inner = ",\n".join(f"{pad}{json.dumps(k)}: {compact(v, indent + 1)}" for k, v in value.items())
        return "{\n" + inner + "\n" + " " * indent + "}"
    return json.dumps(value, separators=(",", ":") if isinstance(value, list) else None)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("results", nargs="+", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--data-folder", default="")
    options = parser.parse_args()
    for path in options.results:
        text = path.read_text()
        if options.data_folder:
            text = text.replace(options.data_folder.rstrip("/") + "/", "")
        result = json.loads(text)
        for name, value in result.items():
            if isinstance(value, list) and value and isinstance(value[0], dict) and "gene" in value[0]:
                result[name] = by_columns(value)
        (options.folder / path.name).write_text(compact(result) + "\n")


if __name__ == "__main__":
    main()
