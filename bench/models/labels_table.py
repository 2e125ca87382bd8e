#!/usr/bin/env python3
"""Prints the table of labels and places in docs/results.md, and with --keep writes what it rests on.

Usage: labels_table.py NAME SPLIT.json RUN.json [NAME SPLIT.json RUN.json]... [--keep FILE]

SPLIT.json: what split_spots.py prints; RUN.json: `dcavae evaluate --json` on the halves, with the labels of both.
"""
import argparse
import json
import pathlib

KS = ("5", "10", "20", "50")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("files", nargs="+")
    parser.add_argument("--keep", type=pathlib.Path)
    options = parser.parse_args()
    pairs = {}
    for name, split, run in zip(*[iter(options.files)] * 3):
        run = json.loads(pathlib.Path(run).read_text())
        pairs[name] = {"split": json.loads(pathlib.Path(split).read_text()), "config": run["config"],
                       "knn_purity": run["metrics"]["knn_purity"],
                       "knn_purity_across": run["metrics"]["knn_purity_across"], "mixing": run["metrics"]["mixing"], "basw": run["metrics"]["basw"],
                       "label_transfer": run["metrics"]["label_transfer"], "positions": run["positions"]}
    if options.keep:
        options.keep.write_text(json.dumps(pairs, indent=1) + "\n")

    def line(what, value):
        print(f"| {what} | " + " | ".join(value(p) for p in pairs.values()) + " |")

    def shares(of):
        return " ".join(f"{of[k]:.3f}" for k in KS)

    print("| k = 5, 10, 20, 50 | " + " | ".join(pairs) + " |")
    print("|---|" + "---|" * len(pairs))
    line("cells and spots", lambda p: f"{p['split']['cells']} and {p['split']['spots']}")
    line("neighbours of one type, shared latent space", lambda p: shares(p["knn_purity"]))
    line("the same, 20 principal components of all genes", lambda p: shares(p["split"]["components"]))
    line("two of one type by chance", lambda p: f"{p['split']['chance']:.3f}")
    line("types that spots get from cells: accuracy, macro F1, accuracy of the most frequent type",
         lambda p: " ".join(f"{p['label_transfer'][k]:.3f}" for k in ("accuracy", "macro_f1", "most_frequent")))
    line("nearest spots of a cell of its type", lambda p: shares(p["knn_purity_across"]))
    line("mixing: of cells, of spots", lambda p: f"{p['mixing']['cells']:.2f} {p['mixing']['spots']:.2f}")
    line("silhouette between halves within types (1: mixed)", lambda p: f"{p['basw']:.3f}")
    line("spots of the cell's type around its predicted place",
         lambda p: shares({k: v["all"] for k, v in p["positions"]["purity"].items()}))
    line("around its true place", lambda p: shares(p["split"]["true_place"]))
    line("90% radius holds the place of", lambda p: f"{100 * p['positions']['radius_coverage']:.0f}% of "
                                                    f"{p['positions']['n_test_spots']} spots")


if __name__ == "__main__":
    main()
