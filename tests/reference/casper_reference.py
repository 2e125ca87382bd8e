#!/usr/bin/env python3
"""The reference protocol (it selects the epoch on the test spots) with the PyTorch model.

Usage: casper_reference.py DATA_FOLDER [SEED]

DATA_FOLDER holds st.h5ad, sc.h5ad and casper_{train,test}_indices.npy, as data/osmfish does. Prints one
JSON object: the number of clusters, the epochs run and the best epoch of every gene fold, and the scores.
"""
import json
import pathlib
import sys
import time
import warnings

import anndata
import numpy as np
import scanpy as sc
import torch
from scipy.stats import rankdata
from sklearn.model_selection import KFold

from casper_pytorch import Casper

BATCH, LEARNING_RATE, WEIGHT_DECAY, MAX_EPOCHS, PATIENCE = 1024, 1e-3, 1e-5, 500, 10


def prepare(folder, n_components=13):
    """Returns spots (n_spots, n_genes), centroids (n_clusters, n_genes), both log1p(counts per 1e4),
    and the two index lists."""
    folder = pathlib.Path(folder)
    st, cells = (anndata.read_h5ad(folder / name) for name in ("st.h5ad", "sc.h5ad"))
    for data in (cells, st):
        sc.pp.filter_cells(data, min_counts=1)
        sc.pp.filter_genes(data, min_counts=1)
        sc.pp.normalize_total(data, target_sum=1e4)
        sc.pp.log1p(data)
    common = [gene for gene in cells.var_names if gene in set(st.var_names)]
    st, cells = st[:, common].copy(), cells[:, common].copy()
    sc.pp.pca(cells, n_comps=n_components, svd_solver="arpack", random_state=0)
    sc.pp.neighbors(cells, n_neighbors=15, use_rep="X_pca", random_state=0)
    sc.tl.leiden(cells, resolution=1.0, flavor="igraph", directed=False, n_iterations=2,
                 random_state=0)
    dense = [np.asarray(x.X.todense() if hasattr(x.X, "todense") else x.X) for x in (st, cells)]
    labels = cells.obs["leiden"].astype(str).to_numpy()
    centroids = np.stack([dense[1][labels == k].mean(0) for k in sorted(set(labels))])
    split = [np.load(folder / f"casper_{part}_indices.npy") for part in ("train", "test")]
    return dense[0].astype(np.float32), centroids.astype(np.float32), *split


def gene_folds(n_genes):
    return [test for _, test in KFold(5, shuffle=True, random_state=0).split(np.arange(n_genes))]


def correlation(a, b):
    """Pearson of each column; 0 where a column is constant."""
    a, b = a - a.mean(0), b - b.mean(0)
    scale = np.sqrt((a ** 2).sum(0) * (b ** 2).sum(0))
    return np.where(scale > 0, (a * b).sum(0) / np.where(scale > 0, scale, 1), 0)


def spearman(a, b):
    return correlation(rankdata(a, axis=0), rankdata(b, axis=0))


def mape(truth, prediction):
    """Percent, per gene, over the entries that are not zero."""
    return np.array([100 * np.mean(np.abs(1 - p[t != 0] / t[t != 0]))
                     for t, p in zip(truth.T, prediction.T)])


def train_epoch(model, optimizer, x, y, centroids):
    model.train()
    order = torch.randperm(len(x))
    for rows in order.split(BATCH):
        loss = ((model(x[rows], centroids)[0] - y[rows]) ** 2).mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()


def predict(model, x, centroids):
    model.eval()
    with torch.no_grad():
        return torch.cat([model(rows, centroids)[0] for rows in x.split(BATCH)])


def run(folder, seed):
    spots, centroids, train, test = prepare(folder)
    n_genes = spots.shape[1]
    torch.manual_seed(seed)
    spots, tokens = torch.tensor(spots), torch.tensor(centroids)
    best = np.zeros((len(test), n_genes), np.float32)
    epochs_run, best_epochs, started = [], [], time.time()
    for targets in gene_folds(n_genes):
        inputs = np.setdiff1d(np.arange(n_genes), targets)
        x, y = spots[train][:, inputs], spots[train][:, targets]
        x_test, y_test = spots[test][:, inputs], spots[test][:, targets].numpy()
        model = Casper(len(inputs), n_genes, len(targets))
        optimizer = torch.optim.Adam(model.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
        score, best_epoch = -np.inf, 0
        for epoch in range(1, MAX_EPOCHS + 1):
            train_epoch(model, optimizer, x, y, tokens)
            prediction = predict(model, x_test, tokens).numpy()
            now = round(float(spearman(y_test, prediction).mean()), 4)
            if now > score:
                score, best_epoch, best[:, targets] = now, epoch, prediction
            if epoch - best_epoch >= PATIENCE:
                break
        epochs_run.append(epoch)
        best_epochs.append(best_epoch)
    truth = spots[test].numpy()
    scores = {"pcc": correlation(truth, best), "spearman": spearman(truth, best),
              "mape": mape(truth, best)}
    return {"protocol": "reference (selects on test)", "seed": seed, "n_clusters": len(centroids),
            "epochs_run": epochs_run, "best_epochs": best_epochs,
            "seconds": round(time.time() - started, 1),
            "metrics": {key: round(float(value.mean()), 4) for key, value in scores.items()}}


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    torch.set_num_threads(2)
    print(json.dumps(run(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 10), indent=1))
