#!/usr/bin/env python3
"""Opens files written by stx with the real packages and compares every value.

Usage: io_check_anndata.py FOLDER GOLDEN_FOLDER

FOLDER holds copies that stx made of the golden files, under the same names (tests/io/
written_files_test.cpp). Exit status 0 when all values agree, 1 otherwise.
"""
import os
import sys
import warnings

import anndata as ad
import numpy as np
import pandas as pd
import safetensors
import safetensors.numpy
import scipy.sparse as sp

warnings.simplefilter("ignore")
folder, golden = sys.argv[1:3]
failures = []


def check(ok, what):
    if not ok:
        failures.append(what)


def dense(x):
    return x.toarray() if sp.issparse(x) else np.asarray(x)


def same_matrix(a, b, what, dtype=True):
    check(np.array_equal(dense(a), dense(b)), f"{what}: values differ")
    check(sp.issparse(a) == sp.issparse(b), f"{what}: sparse and dense")
    check(not dtype or np.dtype(a.dtype).kind == np.dtype(b.dtype).kind, f"{what}: {a.dtype}, {b.dtype}")


def same_frame(a, b, what):
    check(list(a.index) == list(b.index) and a.index.name == b.index.name, f"{what}: index differs")
    check(list(a.columns) == list(b.columns), f"{what}: columns {list(a.columns)}, {list(b.columns)}")
    for name in a.columns.intersection(b.columns):
        x, y = a[name], b[name]
        if isinstance(y.dtype, pd.CategoricalDtype):
            check(x.dtype == y.dtype and x.cat.ordered == y.cat.ordered, f"{what}.{name}: categories")
        elif y.dtype.kind in "iu" and not pd.api.types.is_extension_array_dtype(y.dtype):
            check(x.dtype.kind == "i", f"{what}.{name}: dtype {x.dtype}, {y.dtype}")
        elif y.dtype == np.float32:
            check(x.dtype == np.float64, f"{what}.{name}: dtype {x.dtype}, expected float64")  # widened
        else:
            check(x.dtype == y.dtype, f"{what}.{name}: dtype {x.dtype}, {y.dtype}")
        check(list(x.astype(object).fillna("missing")) == list(y.astype(object).fillna("missing")),
              f"{what}.{name}: values differ")


def same_uns(a, b, what):
    for key in b:
        if isinstance(b[key], pd.DataFrame):
            continue  # stx names it as skipped
        if isinstance(b[key], dict):
            same_uns(a[key], b[key], f"{what}.{key}")
        else:
            check(key in a and np.array_equal(np.asarray(a[key]), np.asarray(b[key])), f"{what}.{key}")


def same_file(name):
    a, b = ad.read_h5ad(os.path.join(folder, name)), ad.read_h5ad(os.path.join(golden, name))
    check((a.X is None) == (b.X is None), f"{name}: X present")
    if b.X is not None:
        same_matrix(a.X, b.X, f"{name}: X")
    same_frame(a.obs, b.obs, f"{name}: obs")
    same_frame(a.var, b.var, f"{name}: var")
    for part in ("layers", "obsp", "varp"):
        check(set(getattr(a, part)) == set(getattr(b, part)), f"{name}: {part} keys")
        for key in getattr(b, part):
            x, y = getattr(a, part)[key], getattr(b, part)[key]
            same_matrix(x, y, f"{name}: {part}/{key}")
    for part in ("obsm", "varm"):
        check(set(getattr(a, part)) == set(getattr(b, part)), f"{name}: {part} keys")
        for key in getattr(b, part):
            x, y = getattr(a, part)[key], getattr(b, part)[key]
            same_matrix(x, y.to_numpy() if isinstance(y, pd.DataFrame) else y, f"{name}: {part}/{key}", False)
    check((a.raw is None) == (b.raw is None), f"{name}: raw present")
    if b.raw is not None:
        same_matrix(a.raw.X, b.raw.X, f"{name}: raw.X")
        same_frame(a.raw.var, b.raw.var, f"{name}: raw.var")
    same_uns(a.uns, b.uns, f"{name}: uns")


names = sorted(n for n in os.listdir(folder) if n.endswith(".h5ad"))
check(len(names) >= 6, f"only {len(names)} .h5ad files in {folder}")
for n in names:
    same_file(n)

path = os.path.join(folder, "model.safetensors")
a, b = safetensors.numpy.load_file(path), safetensors.numpy.load_file(os.path.join(golden, "model.safetensors"))
check(set(a) == set(b), "safetensors: names")
for key in b:
    check(a[key].dtype == b[key].dtype and np.array_equal(a[key], b[key]), f"safetensors: {key}")
with safetensors.safe_open(path, "np") as f, safetensors.safe_open(os.path.join(golden, "model.safetensors"), "np") as g:
    check(f.metadata() == g.metadata(), "safetensors: metadata")

print("\n".join(failures) if failures else f"{len(names)} .h5ad files and 1 safetensors file agree")
sys.exit(1 if failures else 0)
