#!/usr/bin/env python3
"""Makes a pair with cell types and places on both sides of one labelled spatial data set.

Usage: split_spots.py ST.h5ad LABEL_COLUMN OUTPUT_FOLDER [--seed 0] > split.json

Half of the spots, drawn at random, play the single cells: OUTPUT_FOLDER/sc.h5ad, without places. The other half is
OUTPUT_FOLDER/st.h5ad. Spots of equal counts, exact copies, go to one half. For scores that need labels on both sides (neighbour and place purity, silhouettes) where no
measured pair has them; both halves being of one technology, such scores flatter. Needs the Python that setup_venv.sh
makes.

Prints what such scores are to be compared with, as JSON: `chance`, that two spots have one type; for k = 5, 10, 20, 50
`components`, the share of one type among the k nearest rows of both halves in 20 principal components of the log-normalised
counts of all genes, and `true_place`, that among the k spots nearest to the true place of each spot that plays a cell.
"""
import argparse
import json
import pathlib

import anndata
import numpy as np
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

NEIGHBOURS = (5, 10, 20, 50)


def purity(points, types, places, of, skip):
    """Share of the type of each query among its k nearest points, the first `skip` (itself) left out."""
    near = NearestNeighbors(n_neighbors=max(NEIGHBOURS) + skip).fit(points).kneighbors(places, return_distance=False)[:, skip:]
    return {str(k): float((types[near[:, :k]] == of[:, None]).mean()) for k in NEIGHBOURS}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("st")
    parser.add_argument("label_column")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    spots = anndata.read_h5ad(options.st)
    if options.label_column not in spots.obs:
        parser.error(f"{options.st} has no column {options.label_column} of observations")
    counts = spots.X.toarray() if hasattr(spots.X, "toarray") else np.asarray(spots.X)
    group = np.unique(counts, axis=0, return_inverse=True)[1].reshape(-1)  # of each spot: its distinct counts
    order = np.random.default_rng(options.seed).permutation(group.max() + 1)
    sizes = np.bincount(group)[order]
    chosen = order[np.cumsum(sizes) <= spots.n_obs // 2]
    cells = np.flatnonzero(np.isin(group, chosen))
    rest = np.setdiff1d(np.arange(spots.n_obs), cells)
    options.folder.mkdir(parents=True, exist_ok=True)
    for name, rows in ("sc", cells), ("st", rest):
        part = spots[rows].copy()
        part.obs = part.obs[[options.label_column]].copy()
        if name == "sc":
            part.obsm.pop("spatial", None)
        part.write_h5ad(options.folder / f"{name}.h5ad")
    types = spots.obs[options.label_column].astype(str).to_numpy()
    logs = np.log1p(counts / np.maximum(counts.sum(1, keepdims=True), 1) * 1e4)
    components = PCA(20, random_state=0).fit_transform(logs)
    places = np.asarray(spots.obsm["spatial"], dtype=np.float64)
    shares = spots.obs[options.label_column].value_counts(normalize=True).to_numpy()
    print(json.dumps({"cells": len(cells), "spots": len(rest), "chance": float((shares ** 2).sum()),
                      "components": purity(components, types, components, types, 1),
                      "true_place": purity(places[rest], types[rest], places[cells], types[cells], 0)}))


if __name__ == "__main__":
    main()
