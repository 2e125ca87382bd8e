"""Golden values of filters, normalisation, moments, splits: scanpy, scikit-learn, NumPy."""
import anndata
import numpy as np
import scanpy as sc
from scipy import sparse
from sklearn.model_selection import KFold, train_test_split
from sklearn.preprocessing import StandardScaler

import golden_text

rng = np.random.default_rng(1)
counts = rng.poisson(rng.gamma(0.4, 2.0, size=(40, 1)) * rng.gamma(0.5, 1.0, size=(1, 25)))
counts[7] = 0
counts[:, 11] = 0
counts[3] = 0
counts[3, 4] = 2  # leaves with its row when 3 counts are asked for
counts[:, 4] = 0
counts[3, 4] = 2

adata = anndata.AnnData(sparse.csr_matrix(counts.astype(np.float64)))
adata.obs["row"] = np.arange(40)
adata.var["gene"] = np.arange(25)
sc.pp.filter_cells(adata, min_counts=3)
sc.pp.filter_genes(adata, min_counts=2)
rows, genes = adata.obs["row"].to_numpy(), adata.var["gene"].to_numpy()
sc.pp.normalize_total(adata, target_sum=1e4)
sc.pp.log1p(adata)
logged = adata.X.toarray()
scaler = StandardScaler().fit(logged[::2])

golden_text.write(
    "counts.txt",
    dict(counts=counts, rows=rows, genes=genes, log_normalised=logged,
         sd=np.sqrt(scaler.var_), zscored=scaler.transform(logged),
         detection=(logged[::2] > 0).mean(0)),
    ["numpy", "scanpy", "scikit-learn"])

train, test = train_test_split(np.arange(101), test_size=0.2, random_state=42)
folds = {f"fold_{i}": held for i, (_, held) in
         enumerate(KFold(4, shuffle=True, random_state=3).split(np.arange(103)))}
golden_text.write(
    "splits.txt",
    dict(permutation_42_10=np.random.RandomState(42).permutation(10),
         permutation_7_1000=np.random.RandomState(7).permutation(1000),
         train=train, test=test, **folds),
    ["numpy", "scikit-learn"], fmt="%d")
