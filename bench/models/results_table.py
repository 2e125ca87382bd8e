#!/usr/bin/env python3
"""Prints the score tables of docs/results.md from the JSON files that `evaluate --json` of a runner wrote.

Usage: bench/models/results_table.py FILE.json...
"""
import json
import sys

METRICS = ["pcc", "scc", "kendall", "rmse", "rmse_z", "mape", "ssim", "js", "cossim"]


def row(name, metrics):
    cells = " | ".join("%.3f" % metrics[m]["mean"] if metrics[m]["mean"] is not None else "-" for m in METRICS)
    return "| %s | %s | %.3f (%.3f) |" % (name, cells, metrics["pcc"]["median"], metrics["pcc"]["sd"])


for path in sys.argv[1:]:
    with open(path) as f:
        e = json.load(f)
    seeds = [m["pcc"]["mean"] for m in e["metrics_per_seed"]]
    print("%s, %d spots, %d scored genes, %d seed(s): mean PCC of each seed %s" % (
        e["protocol"], e["data"]["n_spots"], e["data"]["n_scored_genes"], len(seeds),
        ", ".join("%.3f" % s for s in seeds)))
    print()
    print("| method | %s | median PCC (SD) |" % " | ".join(METRICS))
    print("|---|%s---|" % ("---|" * len(METRICS)))
    print(row(e["model"], e["metrics"]))
    for name, metrics in e["baselines"].items():
        print(row(name, metrics))
    for name, variant in e.get("ablations", {}).items():
        print(row(name, variant))
    m = e["metrics"]
    if "coverage" in m:
        print()
        print("Intervals cover %s. Zeros: AUC %.3f, calibration slope %.3f, intercept %.3f. On counts: PCC %.3f." % (
            ", ".join("%.1f%% at %s%%" % (100 * m["coverage"][level], level) for level in m["coverage"]),
            m["auc"], m["calibration"]["slope"], m["calibration"]["intercept"], e["counts"]["metrics"]["pcc"]["mean"]))
    if "attention" in e:
        a = e["attention"]
        print()
        print("Attention over %d tokens: entropy %.3f (%.3f) nats, top-2 gap %.3f (%.3f)." % (
            a["n_tokens"], a["entropy"]["mean"], a["entropy"]["sd"], a["top2_gap"]["mean"], a["top2_gap"]["sd"]))
    print()
