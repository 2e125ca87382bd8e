"""Counts normalised to 10,000 per cell, ln(1 + x), standardised: scanpy in float64."""
import anndata
import numpy as np
import scanpy as sc

PACKAGES = ["numpy", "anndata", "scanpy"]


def arrays():
    rng = np.random.default_rng(18)
    counts = rng.poisson(0.8, (9, 12)).astype(float)
    counts[4] = 0
    shift, scale = rng.normal(size=12), rng.uniform(0.5, 2, 12)
    data = anndata.AnnData(counts.copy())
    sc.pp.normalize_total(data, target_sum=1e4)
    sc.pp.log1p(data)
    return {"counts": counts, "shift": shift, "scale": scale, "log1p": data.X, "standard": (data.X - shift) * scale}
