"""Distributions of (zero-inflated) negative binomial counts: edges and the shares between them."""
import numpy as np
from scipy import stats

PACKAGES = ["numpy", "scipy"]
CASES = [(0.3, 0.5, None), (2.5, 3, None), (0.02, 0.01, None), (30, 2, None), (12, 1e6, None), (400, 1e3, None),
         (1e5, 50, None), (2.5, 3, 0.4), (40, 0.7, -1.0)]


def arrays():
    found = {}
    for number, (mu, theta, zeta) in enumerate(CASES):
        nb = stats.nbinom(theta, theta / (theta + mu))
        # Edges at quantiles, so that no share is tiny.
        edges = np.unique(np.concatenate([[0.0], nb.ppf(np.linspace(0.02, 0.98, 25)), nb.ppf([0.995])]))
        extra = 0.0 if zeta is None else 1 / (1 + np.exp(-zeta))
        cdf = extra + (1 - extra) * nb.cdf(edges)
        found[f"case{number}"] = [mu, theta, 1e9 if zeta is None else zeta]
        found[f"edges{number}"] = edges
        found[f"shares{number}"] = np.diff(np.concatenate([[0], cdf, [1]]))
    return found
