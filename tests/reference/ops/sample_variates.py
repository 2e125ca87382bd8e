"""Gamma and Poisson distributions: edges and the shares between them."""
import numpy as np
from scipy import stats

PACKAGES = ["numpy", "scipy"]
SHAPES = [0.02, 0.5, 1.0, 3.7, 250.0]
RATES = [0.05, 2.0, 9.9, 10.1, 47.0, 3e4]


def arrays():
    found = {}
    for kind, parameters, family in (("gamma", SHAPES, stats.gamma), ("poisson", RATES, stats.poisson)):
        for number, parameter in enumerate(parameters):
            of = family(parameter)
            # Edges at quantiles, so that no share is tiny; float's range ends at 1e-38.
            edges = np.unique(np.maximum(of.ppf(np.append(np.linspace(0.02, 0.98, 25), 0.995)), 1e-37 if kind == "gamma" else 0))
            found[f"{kind}.parameter{number}"] = [parameter]
            found[f"{kind}.edges{number}"] = edges
            found[f"{kind}.shares{number}"] = np.diff(np.concatenate([[0], of.cdf(edges), [1]]))
    return found
