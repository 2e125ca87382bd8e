#!/usr/bin/env python3
"""Prints the table of variants in docs/results.md from the JSON file of `dcavae evaluate --ablations --mends --json`.

p: paired Wilcoxon test over genes against the first row, corrected over all rows. Error of places: median over
held-out spots, in shares of the spread of the coordinates.

Usage: bench/models/ablations_table.py FILE.json
"""
import json
import sys

with open(sys.argv[1]) as f:
    e = json.load(f)


def number(value, form="%.3f"):
    return "-" if value is None else form % value


def row(name, scores, extras, p):
    cells = [number(scores[m]["mean"]) for m in ("pcc", "scc", "rmse")]
    cells.insert(1, "-" if p is None else "< 0.001" if p < 0.001 else number(p))
    places = extras.get("positions", {})
    cells += [number(100 * extras["coverage"]["90"], "%.1f %%") if "coverage" in extras else "-", number(extras.get("auc")),
              number(extras.get("calibration", {}).get("slope")),
              number(places["test_distance_median"] / places["scale"], "%.2f") if places else "-"]
    return "| %s | %s |" % (name, " | ".join(cells))


print("| variant | PCC | p | Spearman | RMSE | 90 % intervals cover | zeros: AUC | calibration slope | error of places |")
print("|---|" + "---|" * 8)
print(row(e["model"], e["metrics"], {**e["metrics"], "positions": e.get("positions")}, None))
for name, scores in e["baselines"].items():
    print(row(name, scores, e["ablations"].get(name, {}), e["tests"]["pcc"][name]["wilcoxon_p_corrected"]))
