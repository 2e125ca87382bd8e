#!/usr/bin/env python3
"""Takes benchmarks that were run again into the results of a whole run of bench_ops.

Usage: merge_results.py NEW.json WHOLE.json

Both as bench_ops writes them (--benchmark_out). Medians and coefficients of variation of NEW take the places of those of
WHOLE, each with NEW's commit; the peaks stay those of WHOLE. WHOLE is written anew, or made where there is none.
"""
import json
import os
import pathlib
import sys


def kept(results):
    """Medians and coefficients of variation, without what Google Benchmark repeats in every entry."""
    dropped = {"family_index", "per_family_instance_index", "run_type", "threads"}
    return [{k: v for k, v in b.items() if k not in dropped} for b in results["benchmarks"]
            if b.get("aggregate_name") in ("median", "cv")]


def main():
    new, path = json.loads(pathlib.Path(sys.argv[1]).read_text()), pathlib.Path(sys.argv[2])
    whole = json.loads(path.read_text()) if path.exists() else {"context": new["context"], "benchmarks": []}
    for key in ("cpu", "threads", "compiler"):
        if whole["context"].get(key) != new["context"].get(key):
            sys.exit(f"{key}: {new['context'].get(key)} is not {whole['context'].get(key)}")
    entries = {b["name"]: b for b in whole["benchmarks"]}
    commit = new["context"].get("commit")
    for b in kept(new):
        entries[b["name"]] = b | ({"commit": commit} if commit and commit != whole["context"].get("commit") else {})
    for name in ("executable", "host_name", "load_avg", "json_schema_version", "library_version"):
        whole["context"].pop(name, None)
    whole["benchmarks"] = [entries[name] for name in sorted(entries)]
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(whole, indent=0) + "\n")
    os.replace(temporary, path)


if __name__ == "__main__":
    main()
