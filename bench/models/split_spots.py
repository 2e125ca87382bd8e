#!/usr/bin/env python3
"""Makes a pair with cell types and places on both sides of one labelled spatial data set.

Usage: split_spots.py ST.h5ad LABEL_COLUMN OUTPUT_FOLDER [--seed 0]

Half of the spots, drawn at random, play the single cells: OUTPUT_FOLDER/sc.h5ad, without places. The other half is
OUTPUT_FOLDER/st.h5ad. Spots of equal counts, exact copies, go to one half. For scores that need labels on both sides (neighbour and place purity, silhouettes) where no
measured pair has them; both halves being of one technology, such scores flatter. Needs the Python that setup_venv.sh
makes.
"""
import argparse
import pathlib

import anndata
import numpy as np


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
    shares = spots.obs[options.label_column].value_counts(normalize=True).to_numpy()
    print(f"{len(cells)} cells, {len(rest)} spots; two of one type by chance: {(shares ** 2).sum():.3f}")


if __name__ == "__main__":
    main()
