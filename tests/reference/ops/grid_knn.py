"""Nearest other points in 2 and 3 dimensions, from scikit-learn's k-d tree."""
import numpy as np
from sklearn.neighbors import NearestNeighbors

PACKAGES = ["scikit-learn", "numpy"]


def arrays():
    random = np.random.default_rng(0)
    result = {}
    for dims in (2, 3):
        points = random.normal(size=(60, dims)).astype(np.float32).astype(np.float64)
        search = NearestNeighbors(n_neighbors=8, algorithm="kd_tree").fit(points)
        distances, ids = search.kneighbors()  # without the points themselves
        result.update({f"points_{dims}": points, f"ids_{dims}": ids, f"distances_{dims}": distances})
    return result
