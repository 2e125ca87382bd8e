#!/usr/bin/env python3
"""Seconds per epoch of CASPER in PyTorch and in stx, on the same data, threads and dimensions.

Usage: compare_pytorch.py DATA_FOLDER [--stx PATH] [--threads 2] [--rounds 5] [--epochs 6]

Reference protocol, gene fold 0, batch 1024, d 256, hidden 512, 2 heads, dropout 0.1, on the CPU. The PyTorch
side projects keys and values once per step and takes whichever of its Adams (loop, foreach, fused) is faster.
Measured apart: training alone, and training with the pass over the test spots and their Spearman
correlation. Each round times PyTorch, then the stx runner (`casper evaluate --json`, which prints
`seconds_per_epoch`): alternating, so that a busy machine disturbs both. Prints one JSON object to stdout.
Needs the Python that setup_venv.sh makes.
"""
import argparse
import json
import pathlib
import sys
import tempfile
import warnings

import numpy as np
import torch

from timing import ADAMS, cpu_name, fastest, run, seconds, summary

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests" / "reference"))
import casper_reference as reference  # noqa: E402


class Fold:
    """Model, optimiser and data of gene fold 0."""

    def __init__(self, folder):
        spots, centroids, train, test = reference.prepare(folder)
        targets = reference.gene_folds(spots.shape[1])[0]
        inputs = np.setdiff1d(np.arange(spots.shape[1]), targets)
        torch.manual_seed(10)
        spots = torch.tensor(spots)
        self.centroids = torch.tensor(centroids)
        self.x, self.y = spots[train][:, inputs].contiguous(), spots[train][:, targets].contiguous()
        self.x_test = spots[test][:, inputs].contiguous()
        self.y_test = spots[test][:, targets].numpy()
        self.model = reference.Casper(len(inputs), spots.shape[1], len(targets))

    def use(self, adam):
        self.optimizer = torch.optim.Adam(self.model.parameters(), reference.LEARNING_RATE,
                                          weight_decay=reference.WEIGHT_DECAY, **ADAMS[adam])

    def train(self):
        reference.train_epoch(self.model, self.optimizer, self.x, self.y, self.centroids)

    def train_and_evaluate(self):
        self.train()
        prediction = reference.predict(self.model, self.x_test, self.centroids).numpy()
        reference.spearman(self.y_test, prediction)


def run_stx(path, folder, threads):
    """The runner's JSON object; its own median seconds per epoch are in `seconds_per_epoch`."""
    with tempfile.TemporaryDirectory() as scratch:
        result = pathlib.Path(scratch) / "result.json"
        run([path, "evaluate", "--st", f"{folder}/st.h5ad", "--sc", f"{folder}/sc.h5ad",
             "--protocol", "reference", "--train-spots", f"{folder}/casper_train_indices.npy",
             "--test-spots", f"{folder}/casper_test_indices.npy", "--device", "cpu",
             "--threads", threads, "--quiet", "--json", result])
        return json.loads(result.read_text())


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder")
    parser.add_argument("--stx", help="path of the casper runner; without it only PyTorch is timed")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=6, help="epochs of PyTorch per round")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(options.threads)

    fold = Fold(options.folder)

    def with_adam(name):
        fold.use(name)
        return fold.train

    adam, trial = fastest({name: lambda name=name: with_adam(name) for name in ADAMS}, 2, options.epochs)
    fold.use(adam)
    seconds(fold.train_and_evaluate, 2)

    training, both, stx = [], [], []
    for _ in range(options.rounds):
        training += seconds(fold.train, options.epochs)
        both += seconds(fold.train_and_evaluate, options.epochs)
        if options.stx:
            stx.append(run_stx(options.stx, options.folder, options.threads))
    result = {
        "data": {"folder": pathlib.Path(options.folder).name, "n_train": len(fold.x),
                 "n_test": len(fold.x_test), "n_inputs": fold.x.shape[1],
                 "n_targets": fold.y.shape[1], "n_clusters": len(fold.centroids)},
        "threads": options.threads, "batch": reference.BATCH,
        "machine": {"cpu": cpu_name(), "torch": torch.__version__},
        "adam": {"used": adam, "seconds_per_epoch": trial},
        "pytorch": {"train": summary(training), "train_and_evaluate": summary(both)},
    }
    if stx:
        epochs = summary([run["seconds_per_epoch"] for run in stx])
        result["stx"] = {"seconds_per_epoch": epochs, "version": stx[0].get("stx"),
                         "total": summary([run["seconds"]["total"] for run in stx]),
                         "peak_rss_mb": max(run["peak_rss_mb"] for run in stx)}
        result["times_faster"] = {name: times["median"] / epochs["median"]
                                  for name, times in result["pytorch"].items()}
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
