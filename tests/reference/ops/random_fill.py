"""Shares of N(0, 1) between edges."""
import numpy as np
from scipy import stats

PACKAGES = ["numpy", "scipy"]


def arrays():
    edges = np.concatenate([[-3.5], np.arange(-3, 3.01, 0.125), [3.5]])
    return {"normal.edges": edges,
            "normal.shares": np.diff(np.concatenate([[0], stats.norm.cdf(edges), [1]]))}
