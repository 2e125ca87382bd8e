"""Labels that scanpy gives the cells of data/osmfish (argument: that folder)."""
import sys
import warnings

import anndata
import numpy as np
import scanpy as sc
from sklearn.metrics import adjusted_rand_score

import golden_text

warnings.filterwarnings("ignore")
adata = anndata.read_h5ad(sys.argv[1] + "/sc.h5ad")
sc.pp.filter_cells(adata, min_counts=1)
sc.pp.filter_genes(adata, min_counts=1)
sc.pp.normalize_total(adata, target_sum=1e4)
sc.pp.log1p(adata)
sc.pp.pca(adata, n_comps=13, svd_solver="arpack", random_state=0)
# Without use_rep scanpy takes X instead of the components when there are at most 50 genes.
sc.pp.neighbors(adata, n_neighbors=15, use_rep="X_pca", random_state=0)


def labels(seed):
    sc.tl.leiden(adata, resolution=1.0, flavor="igraph", directed=False, n_iterations=2,
                 random_state=seed)
    return adata.obs["leiden"].astype(int).to_numpy()


first = labels(0)
between_seeds = [adjusted_rand_score(first, labels(seed)) for seed in range(1, 6)]
print(adata.shape, first.max() + 1, "clusters; ARI of other seeds to seed 0:", np.round(between_seeds, 3))
golden_text.write("osmfish_leiden.txt",
                  dict(labels=first, variance=adata.uns["pca"]["variance"],
                       between_seeds=between_seeds),
                  ["scanpy", "igraph", "umap-learn", "scikit-learn"])
