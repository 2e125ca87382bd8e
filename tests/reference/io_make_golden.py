#!/usr/bin/env python3
"""Makes the small files of tests/golden/io with the real packages, and records their versions.

Usage: io_make_golden.py OUTPUT_FOLDER

Every matrix is 9 cells x 6 genes with the same values, so that the tests can state them:
count(i, j) = (3 i + 5 j) mod 7 where that is at most 3, otherwise 0; row 4 is empty.
"""
import gzip
import os
import sys
import warnings

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import safetensors
import safetensors.numpy
import scipy
import scipy.io
import scipy.sparse as sp

warnings.simplefilter("ignore")
out = sys.argv[1]
N, G = 9, 6
X = np.array([[(3 * i + 5 * j) % 7 for j in range(G)] for i in range(N)])
X[X > 3] = 0
X[4] = 0
genes10 = ["Gad1", "Slc17a7", "Pvalb", "Sst", "Name", "Vip"]  # where only ASCII is possible
cells = [f"cell{i}" for i in range(N)]
genes = ["Gad1", "Slc17a7", "Pvalb", "Sst", "Näme", "Vip"]
spatial = np.array([[10.0 * i, 0.5 * i * i] for i in range(N)])


def path(name):
    return os.path.join(out, name)


def annotated(x):
    obs = pd.DataFrame(index=pd.Index(cells, name="barcode"))
    obs["kind"] = pd.Categorical([None if i == 2 else ["b", "a", "c"][i % 3] for i in range(N)])
    obs["stage"] = pd.Categorical(["late", "early", "late"] * 3, categories=["early", "late"], ordered=True)
    obs["area"] = np.linspace(0, 2, N)
    obs["small"] = np.arange(N, dtype=np.int8) - 4
    obs["keep"] = np.arange(N) % 2 == 0
    obs["note"] = [f"ä{i}" for i in range(N)]
    obs["maybe"] = pd.array([None if i == 1 else i for i in range(N)], dtype="Int64")
    obs["flag"] = pd.array([None if i == 3 else i % 2 == 1 for i in range(N)], dtype="boolean")
    var = pd.DataFrame({"rank": np.arange(G, dtype=np.int32)}, index=genes)
    return ad.AnnData(x, obs=obs, var=var, obsm={"spatial": spatial})


# Current encodings, everything at once.
a = annotated(sp.csr_matrix(X.astype(np.float32)))
a.layers["dense_int64"] = X.astype(np.int64)
a.layers["csc_int16"] = sp.csc_matrix(X.astype(np.int16))
a.layers["scaled"] = X.astype(np.float64) - 1.5
a.obsm["X_pca"] = np.arange(N * 3, dtype=np.float32).reshape(N, 3) / 4
a.obsm["frame"] = pd.DataFrame({"u": np.arange(N), "v": np.arange(N) / 2}, index=cells)
a.varm["loadings"] = np.arange(G * 2, dtype=np.float64).reshape(G, 2)
a.obsp["distances"] = sp.csr_matrix(np.eye(N))
a.raw = ad.AnnData(sp.csr_matrix(np.hstack([X, X[:, :2]]).astype(np.float32)), obs=a.obs[[]],
                   var=pd.DataFrame(index=genes + ["Extra1", "Extra2"]))
a.uns = {"title": "tiny", "n": 3, "rate": 0.25, "yes": True, "names": np.array(["p", "q"], dtype=object),
         "grid": np.arange(6).reshape(2, 3), "nested": {"deep": {"x": np.array([1.5, 2.5])}},
         "table": pd.DataFrame({"c": [1, 2]})}
a.write_h5ad(path("current.h5ad"))

dense = annotated(X.astype(np.float64))
dense.obs = dense.obs[["kind", "area"]]
dense.write_h5ad(path("dense_gzip.h5ad"), compression="gzip")
big = np.tile(X, (40, 30)).astype(np.float32)  # large enough for LZF to find matches
ad.AnnData(big).write_h5ad(path("dense_lzf.h5ad"), compression="lzf")
csc = annotated(sp.csc_matrix(X.astype(np.int32)))
csc.obs = csc.obs[["kind"]]
csc.write_h5ad(path("csc_lzf.h5ad"), compression="lzf")
none = ad.AnnData(obs=dense.obs[["area"]].copy(), var=dense.var, layers={"counts": sp.csr_matrix(X.astype(np.int64))})
none.write_h5ad(path("no_x.h5ad"))

# anndata 0.7: categories in a side group. Written with h5py, checked with anndata.
text = h5py.string_dtype()
with h5py.File(path("legacy_07.h5ad"), "w") as f:
    g = f.create_group("X")
    m = sp.csr_matrix(X.astype(np.float32))
    g.attrs.update({"encoding-type": "csr_matrix", "encoding-version": "0.1.0", "shape": np.array([N, G])})
    for key in ("data", "indices", "indptr"):
        g[key] = getattr(m, key)
    for name, index in (("obs", cells), ("var", genes)):
        t = f.create_group(name)
        t.attrs.update({"encoding-type": "dataframe", "encoding-version": "0.1.0", "_index": "index"})
        t.create_dataset("index", data=np.array(index, dtype=object), dtype=text)
        t.attrs.create("column-order", np.array(["kind", "area"] if name == "obs" else [], dtype=object), dtype=text)
    t = f["obs"]
    t["kind"] = dense.obs["kind"].cat.codes.to_numpy()
    t["area"] = dense.obs["area"].to_numpy()
    t.create_dataset("__categories/kind", data=np.array(["a", "b", "c"], dtype=object), dtype=text)
    t["__categories/kind"].attrs["ordered"] = False
    t["kind"].attrs["categories"] = t["__categories/kind"].ref
    f["obsm/spatial"] = spatial
old = ad.read_h5ad(path("legacy_07.h5ad"))
assert (old.X.toarray() == X).all()
assert old.obs["kind"].equals(dense.obs["kind"].reset_index(drop=True).set_axis(old.obs.index))

# anndata before 0.7: compound tables, h5sparse attributes, categories in uns.
with h5py.File(path("legacy_06.h5ad"), "w") as f:
    g = f.create_group("X")
    g.attrs.update({"h5sparse_format": "csr", "h5sparse_shape": np.array([N, G])})
    for key in ("data", "indices", "indptr"):
        g[key] = getattr(m, key)
    rows = [(c.encode(), k, v) for c, k, v in zip(cells, dense.obs["kind"].cat.codes, dense.obs["area"])]
    f["obs"] = np.array(rows, dtype=[("index", "S8"), ("kind", "i1"), ("area", "f8")])
    f["var"] = np.array([(g.encode(), 1.0) for g in genes10], dtype=[("index", "S8"), ("w", "f4")])
    f.create_dataset("uns/kind_categories", data=np.array(["a", "b", "c"], dtype=object), dtype=text)
    f["raw.X"] = X.astype(np.float32)
    f["raw.var"] = np.array([(g.encode(),) for g in genes10], dtype=[("index", "S8")])
old = ad.read_h5ad(path("legacy_06.h5ad"))
assert (old.X.toarray() == X).all() and list(old.obs_names) == cells
assert list(old.obs["kind"].astype(object).fillna("-")) == list(dense.obs["kind"].astype(object).fillna("-"))

# 10x, versions 3 and 2: genes x cells CSC, fixed-width strings.
ids = [f"ENSMUSG{j:05d}" for j in range(G)]
m = sp.csc_matrix(X.T.astype(np.int32))


def fixed(strings):
    return np.array([s.encode() for s in strings])


for name, group in (("tenx_v3.h5", "matrix"), ("tenx_v2.h5", "mm10")):
    with h5py.File(path(name), "w") as f:
        g = f.create_group(group)
        g["data"], g["indices"], g["indptr"] = m.data, m.indices.astype(np.int64), m.indptr.astype(np.int64)
        g["shape"] = np.array([G, N], dtype=np.int32)
        g["barcodes"] = fixed(cells)
        if group == "matrix":
            g["features/id"], g["features/name"] = fixed(ids), fixed(genes10)
            g["features/feature_type"] = fixed(["Gene Expression"] * G)
            g["features/genome"] = fixed(["mm10"] * G)
        else:
            g["genes"], g["gene_names"] = fixed(ids), fixed(genes10)

# Matrix Market folders: gzip with features.tsv, plain with genes.tsv.
os.makedirs(path("mtx_gz"), exist_ok=True)
os.makedirs(path("mtx_plain"), exist_ok=True)
scipy.io.mmwrite(path("mtx_plain/matrix.mtx"), sp.coo_matrix(X.T))
with open(path("mtx_plain/genes.tsv"), "w") as f:
    f.writelines(f"{i}\t{g}\n" for i, g in zip(ids, genes))
with open(path("mtx_plain/barcodes.tsv"), "w") as f:
    f.writelines(c + "\n" for c in cells)


def gz(name, text):
    with open(path(name), "wb") as f, gzip.GzipFile("", "wb", fileobj=f, mtime=0) as z:
        z.write(text.encode())


gz("mtx_gz/matrix.mtx.gz", open(path("mtx_plain/matrix.mtx")).read())
gz("mtx_gz/features.tsv.gz", "".join(f"{i}\t{g}\tGene Expression\n" for i, g in zip(ids, genes)))
gz("mtx_gz/barcodes.tsv.gz", "".join(c + "\n" for c in cells))

# Delimited text as pandas writes it.
frame = pd.DataFrame(X, index=cells, columns=genes)
frame.to_csv(path("counts.csv"))
gz("counts_genes_in_rows.tsv.gz", frame.T.to_csv(sep="\t"))

np.save(path("rows_int64.npy"), np.array([5, 0, 3], dtype=np.int64))
np.save(path("rows_int32.npy"), np.array([5, 0, 3], dtype=np.int32))
np.save(path("real.npy"), np.array([0.5]))
np.save(path("matrix.npy"), np.zeros((2, 2), dtype=np.int64))

safetensors.numpy.save_file(
    {"weight": np.arange(6, dtype=np.float32).reshape(2, 3) / 4, "bias": np.array([1e-300, -2.0]),
     "step": np.array(7, dtype=np.int64), "ids": np.array([3, 1], dtype=np.int32),
     "empty": np.zeros((0, 4), dtype=np.float32)},
    path("model.safetensors"), metadata={"model": "casper", "note": "ä"})

with open(path("versions.txt"), "w") as f:
    f.write("Made by tests/reference/io_make_golden.py with\n")
    f.write(f"python {sys.version.split()[0]}\n")
    for module in (ad, h5py, np, pd, scipy, safetensors):
        f.write(f"{module.__name__} {module.__version__}\n")
    f.write(f"HDF5 {h5py.version.hdf5_version}\n")
