"""Nearest neighbours by brute force, from scikit-learn."""
import numpy as np
from sklearn.neighbors import NearestNeighbors

PACKAGES = ["scikit-learn", "numpy"]


def arrays():
    random = np.random.default_rng(0)
    queries, points = random.normal(size=(10, 6)), random.normal(size=(80, 6))
    result = {"queries": queries, "points": points}
    for metric in ("euclidean", "cosine"):
        search = NearestNeighbors(n_neighbors=9, algorithm="brute", metric=metric).fit(points)
        result[f"{metric}_distances"], result[f"{metric}_ids"] = search.kneighbors(queries)
    return result
