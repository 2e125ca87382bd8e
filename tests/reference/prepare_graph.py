"""Golden values of PCA (full SVD), UMAP connectivities (scanpy) and k nearest neighbours."""
import warnings

import anndata
import numpy as np
import scanpy as sc
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors
from umap.umap_ import fuzzy_simplicial_set

import golden_text

warnings.filterwarnings("ignore")
rng = np.random.default_rng(2)


def sparse_counts(n, g, rank):
    mean = rng.gamma(0.6, 1.0, (n, rank)) @ rng.gamma(0.3, 1.0, (rank, g))
    return np.log1p(rng.poisson(mean)).astype(np.float32)


def pca(x, k):
    fit = PCA(k, svd_solver="full").fit(x.astype(np.float64))
    return dict(components=fit.components_, variance=fit.explained_variance_,
                scores=fit.transform(x.astype(np.float64)),
                total=fit.explained_variance_.sum() / fit.explained_variance_ratio_.sum())


for name, shape, rank, k in (("pca_tall.txt", (90, 24), 5, 7), ("pca_wide.txt", (50, 120), 8, 12)):
    x = sparse_counts(*shape, rank)
    golden_text.write(name, dict(x=x, **pca(x, k)), ["numpy", "scikit-learn"])



def triples(matrix):
    w = matrix.tocoo()
    return np.stack([w.row, w.col, w.data], 1)[np.lexsort((w.col, w.row))]


points = rng.normal(size=(150, 4)).astype(np.float32)
adata = anndata.AnnData(np.zeros((150, 1), np.float32))
adata.obsm["X_pca"] = points
sc.pp.neighbors(adata, n_neighbors=10, use_rep="X_pca", method="umap", random_state=0)

# Copies: which of several equal points are neighbours is open, so the lists are given.
copies = rng.normal(size=(60, 3)).astype(np.float32)
copies[50:] = copies[:10]
copies[20:28] = copies[20]  # more copies than neighbours
distance = np.sqrt(((copies[:, None].astype(np.float64) - copies[None]) ** 2).sum(-1))
np.fill_diagonal(distance, -1)  # the point itself comes first
indices = np.argsort(distance, axis=1, kind="stable")[:, :6]
distances = np.maximum(np.take_along_axis(distance, indices, 1), 0).astype(np.float32)
graph, _, _ = fuzzy_simplicial_set(copies, 6, np.random.RandomState(0), "euclidean",
                                   knn_indices=indices, knn_dists=distances)

cosine, _ = NearestNeighbors(n_neighbors=6, metric="cosine", algorithm="brute").fit(
    points.astype(np.float64)).kneighbors(points.astype(np.float64))
golden_text.write(
    "neighbours.txt",
    dict(points=points, connectivities=triples(adata.obsp["connectivities"]), cosine=cosine,
         copies=copies, copy_indices=indices, copy_distances=distances,
         copy_connectivities=triples(graph)),
    ["numpy", "scanpy", "umap-learn", "scikit-learn"])
