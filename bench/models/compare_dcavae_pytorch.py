#!/usr/bin/env python3
"""Seconds per optimiser step and per epoch of DCAVAE in PyTorch and in stx, on the CPU.

Usage: compare_dcavae_pytorch.py BENCH_DCAVAE DATA_FOLDER... [--threads 2] [--rounds 3] [--steps 10]

BENCH_DCAVAE is the program that bench/models builds; a DATA_FOLDER holds st.h5ad and sc.h5ad (`bench_dcavae
simulate` makes such folders). Batch 1024, all shared genes, float32.

Step: the revisions R2 and sound, with pairs that are given. Same network, same losses, eager PyTorch
(dcavae_pytorch.py), which takes the fastest of its Adams and of likelihoods over all or over positive counts, once with
explicit attention, as PyTorch's multi-head module attends when it returns its weights (its default, and what the released
code calls), once with fused attention.

Epoch: revision R2, the pairs drawn within. The PyTorch side does what the released code does, as its description
has it, without its loaders' and its framework's overhead: the full similarity matrix M and the two masks are in memory;
for each step the mean of b rows of M is gathered and b keys are drawn from its softmax, partners are drawn
from the top lists, and drawn again, from another number, for their own keys, by the mean of b columns of M;
the positives are cut out of the mask. `released`: explicit attention and autograd's anomaly detection, as in the
released code; `explicit`: without that detection; `fused`: with fused attention too. M, masks and lists are made before
the clock starts, on both sides.

Each round times PyTorch, then stx: alternating, so that a busy machine disturbs both. Prints one JSON object.
Needs the Python that setup_venv.sh makes.
"""
import argparse
import json
import pathlib
import warnings

import anndata
import numpy as np
import torch

from dcavae_pytorch import SETTINGS, Side, Step
from timing import ADAMS, cpu_name, fastest, run_json, seconds, summary

BATCH, K, LIST_LIMIT = 1024, 50, 1024
ATTENTIONS = {"sdpa": "fused", "explicit": "explicit"}


def load(folder):
    """Dense counts of cells and of spots over their shared genes."""
    sc, st = (anndata.read_h5ad(pathlib.Path(folder) / name) for name in ("sc.h5ad", "st.h5ad"))
    shared = [gene for gene in sc.var_names if gene in set(st.var_names)]
    counts = []
    for data in (sc, st):
        x = data[:, shared].X
        x = torch.tensor(np.asarray(x.toarray() if hasattr(x, "toarray") else x), dtype=torch.float32)
        counts.append(x[x.sum(1) > 0])
    return counts


def profiles(x):
    """Rows of length 1 of z-scored log profiles."""
    totals = x.sum(1, keepdim=True)
    logs = torch.log1p(x / totals * totals.median())
    sd = logs.std(0)
    z = (logs - logs.mean(0)) / torch.where(sd > 0, sd, 1)
    return z / (z.norm(dim=1, keepdim=True) + 1e-8)


class Released:
    """The released code's epoch: pairs from M, then a step of R2, anchors by cells and by spots in turn."""

    def __init__(self, step, cells, spots):
        self.step = step
        self.similarity = profiles(cells) @ profiles(spots).T
        self.rows = n = self.similarity.shape
        self.lists, self.masks = [], []
        for m, s in enumerate((self.similarity, self.similarity.T)):
            size = min(K * n[1 - m] // min(n), LIST_LIMIT, n[1 - m])
            self.lists.append(torch.topk(s, size, dim=1).indices)
            self.masks.append(torch.zeros(s.shape, dtype=torch.bool).scatter_(1, self.lists[m], True))
        self.order = [torch.randperm(size) for size in n]  # frozen for the whole run
        self.iterations = max(size // BATCH for size in n)

    def keys(self, m, queries):
        """Rows of side m for `queries` of the other side."""
        gathered = self.similarity[queries] if m == 1 else self.similarity[:, queries]
        mean = gathered.mean(dim=0 if m == 1 else 1)
        return torch.multinomial(torch.softmax(mean, 0), len(queries), replacement=True)

    def partners(self, m, anchors):
        chosen = torch.randint(self.lists[m].shape[1], (len(anchors), 1))
        return self.lists[m][anchors].gather(1, chosen)[:, 0]

    def one_step(self, m, batch):
        full = self.rows[m] // BATCH
        anchors = self.order[m][batch % full * BATCH:(batch % full + 1) * BATCH]
        partners = self.partners(m, anchors)
        keys = [self.keys(1 - m, anchors), self.keys(m, self.partners(m, anchors))]
        positives = self.masks[m][anchors[:, None], partners]
        rows = [anchors, partners]
        if m == 1:
            rows, keys, positives = rows[::-1], keys[::-1], positives.T
        self.step(rows, keys, positives, m == 0)

    def epoch(self):
        for i in range(self.iterations):
            self.one_step(0, i)
            self.one_step(1, i)


def best_step(revision, sides):
    """PyTorch's fastest way to make a step, functions that make it with given pairs by attention, and the trials."""
    n = [len(side.counts) for side in sides]
    torch.manual_seed(0)
    rows, keys = ([torch.randint(size, (BATCH,)) for size in sizes] for sizes in (n, n[::-1]))
    positives = torch.rand(BATCH, BATCH) < K / min(n)
    positives.fill_diagonal_(True)
    chosen, trials = {"adam": "loop", "attention": "sdpa", "counts": "dense"}, {}

    def make(**ways):
        ways = {**chosen, **ways}
        step = Step(revision, *sides, ADAMS[ways["adam"]], ways["attention"], ways["counts"])
        return lambda: step(rows, keys, positives, True)

    for what, ways in {"adam": ADAMS, "counts": ["dense", "sparse"]}.items():
        chosen[what], trials[what] = fastest({way: lambda w=way: make(**{what: w}) for way in ways}, 2, 5)
    return chosen, {way: make(attention=way) for way in ATTENTIONS}, trials


def compare(program, folder, options):
    cells, spots = load(folder)
    sides = Side(0, cells), Side(1, spots)
    result = {"data": {"folder": pathlib.Path(folder).name, "cells": len(cells), "spots": len(spots),
                       "genes": cells.shape[1]}}
    files = ["--st", f"{folder}/st.h5ad", "--sc", f"{folder}/sc.h5ad", "--threads", options.threads, "--device", "cpu"]
    for revision in SETTINGS:
        ways, steps, trials = best_step(revision, sides)
        with_epochs = revision == "R2"
        pytorch, epochs, runs = {way: [] for way in steps}, {}, []
        if with_epochs:
            torch.manual_seed(1)
            released = {way: Released(Step(revision, *sides, ADAMS[ways["adam"]], way, ways["counts"]), cells, spots)
                        for way in ATTENTIONS}
            epochs = {name: (released[way], anomaly, []) for name, way, anomaly in
                      (("released", "explicit", True), ("explicit", "explicit", False), ("fused", "sdpa", False))}
        for _ in range(options.rounds):
            for way, step in steps.items():
                pytorch[way] += seconds(step, options.steps)
            for one, anomaly, times in epochs.values():
                with torch.autograd.set_detect_anomaly(anomaly):
                    times += seconds(one.epoch, 1)
            runs.append(run_json([program, "time", *files, "--set", f"revision={revision}",
                                  "--set", f"batch_size={BATCH}", "--steps", options.steps,
                                  "--epochs", 2 if with_epochs else 0]))
        gathered = {name: summary([t for r in runs for t in r[name]]) for name in ("steps", "draws", "epochs") if name in runs[0]}
        result[revision] = {"ways": ways, "trials": trials, "stx_step": gathered["steps"], "stx_draw": gathered["draws"],
                            "pytorch_step": {ATTENTIONS[way]: summary(times) for way, times in pytorch.items()}}
        faster = {"step_" + name: times["median"] / gathered["steps"]["median"]
                  for name, times in result[revision]["pytorch_step"].items()}
        if with_epochs:
            result[revision] |= {"steps_per_epoch": runs[0]["steps_per_epoch"], "stx_epoch": gathered["epochs"],
                                 "pytorch_epoch": {name: summary(times) for name, (_, _, times) in epochs.items()}}
            faster |= {"epoch_" + name: times["median"] / gathered["epochs"]["median"]
                       for name, times in result[revision]["pytorch_epoch"].items()}
        result[revision]["times_faster"] = faster
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("bench_dcavae")
    parser.add_argument("folders", nargs="+", metavar="DATA_FOLDER")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=10, help="steps of each side in a round")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(options.threads)
    results = [compare(options.bench_dcavae, folder, options) for folder in options.folders]
    print(json.dumps({"machine": {"cpu": cpu_name(), "torch": torch.__version__}, "threads": options.threads,
                      "batch": BATCH, "results": results}, indent=1))


if __name__ == "__main__":
    main()
