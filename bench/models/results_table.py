#!/usr/bin/env python3
"""Prints the score tables of docs/results.md from the JSON files that `evaluate --json` of a runner wrote.

Scores are on log-normalised expression; where the file has those on counts too, mean PCC and RMSE on counts stand in
two more columns.

Usage: bench/models/results_table.py FILE.json...
"""
import json
import sys

METRICS = ["pcc", "scc", "kendall", "rmse", "rmse_z", "mape", "ssim", "js", "cossim"]


def mean(metrics, name):
    value = metrics.get(name, {}).get("mean")
    return "-" if value is None else "%.3f" % value


def row(name, metrics, counts):
    cells = [mean(metrics, m) for m in METRICS] + ["%.3f (%.3f)" % (metrics["pcc"]["median"], metrics["pcc"]["sd"])]
    if counts is not None:
        cells += [mean(counts, "pcc"), mean(counts, "rmse")]
    return "| %s | %s |" % (name, " | ".join(cells))


for path in sys.argv[1:]:
    with open(path) as f:
        e = json.load(f)
    seeds = [m["pcc"]["mean"] for m in e["metrics_per_seed"]]
    print("%s, %d spots, %d scored genes, %d seed(s): mean PCC of each seed %s" % (
        e["protocol"], e["data"]["n_spots"], e["data"]["n_scored_genes"], len(seeds),
        ", ".join("%.3f" % s for s in seeds)))
    print()
    counts = e.get("counts", {})
    columns = METRICS + ["median PCC (SD)"] + (["PCC on counts", "RMSE on counts"] if counts else [])
    print("| method | %s |" % " | ".join(columns))
    print("|---|%s" % ("---|" * len(columns)))
    print(row(e["model"], e["metrics"], counts.get("metrics")))
    for name, metrics in e["baselines"].items():
        print(row(name, metrics, counts.get("baselines", {}).get(name, {}) if counts else None))
    for name, variant in e.get("ablations", {}).items():
        if "pcc" in variant:  # otherwise its scores stand among the baselines
            print(row(name, variant, {} if counts else None))
    m = e["metrics"]
    if "coverage" in m:
        print()
        text = "Intervals cover %s." % ", ".join("%.1f%% at %s%%" % (100 * m["coverage"][k], k) for k in m["coverage"])
        of_genes = m.get("gene_coverage", {}).get("90")
        if of_genes:
            text += " Of single genes at 90%%: median %.1f%%, a quarter of them below %.1f%%, 5%% of them below %.1f%%." % tuple(
                100 * of_genes[q] for q in ("50", "25", "5"))
        c = m["calibration"]
        text += " Zeros: AUC %.3f, calibration slope %.3f, intercept %.3f" % (m["auc"], c["slope"], c["intercept"])
        if "genes" in c:
            text += " (means over the %d genes with zeros and other counts; median slope %.3f)" % (c["genes"], c["slope_median"])
        print(text + ".")
    if "attention" in e:
        a = e["attention"]
        print()
        print("Attention over %d tokens: entropy %.3f (%.3f) nats, top-2 gap %.3f (%.3f)." % (
            a["n_tokens"], a["entropy"]["mean"], a["entropy"]["sd"], a["top2_gap"]["mean"], a["top2_gap"]["sd"]))
    print()
