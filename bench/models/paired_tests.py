#!/usr/bin/env python3
"""Paired Wilcoxon tests over genes between the PCC of one result of `evaluate` and those of others, Holm-corrected.

Usage: paired_tests.py FILE.json OTHER.json...     files as keep_result.py keeps them

Needs the Python that setup_venv.sh makes.
"""
import json
import pathlib
import sys

from scipy.stats import wilcoxon


def of_genes(path):
    genes = json.loads(pathlib.Path(path).read_text())["per_gene"]
    return dict(zip(genes["gene"], genes["pcc"]))


def main():
    first, *others = sys.argv[1:]
    model, tests = of_genes(first), []
    for path in others:
        other = of_genes(path)
        genes = [g for g in model if model[g] is not None and other.get(g) is not None]
        differences = [model[g] - other[g] for g in genes]
        tests.append((wilcoxon(differences).pvalue, path, len(genes), sorted(differences)[len(genes) // 2]))
    largest = 0
    for rank, (p, path, n, median) in enumerate(sorted(tests)):
        largest = max(largest, min(1, p * (len(tests) - rank)))
        print(f"{path}: {n} genes, median difference {median:+.3f}, p = {largest:.2g}")


if __name__ == "__main__":
    main()
