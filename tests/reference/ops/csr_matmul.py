"""Sparse times dense of SciPy in float64, its transpose, and the gradient of the stored values."""
import numpy as np
import scipy.sparse

PACKAGES = ["numpy", "scipy"]


def arrays():
    random = np.random.default_rng(4)
    a = scipy.sparse.random(7, 5, density=0.4, format="csr", random_state=4)
    a.sort_indices()
    x, grad_y = random.normal(size=(5, 6)), random.normal(size=(7, 6))
    rows = np.repeat(np.arange(7), np.diff(a.indptr))
    return {"indptr": a.indptr, "indices": a.indices, "values": a.data, "x": x, "grad_y": grad_y,
            "y": a @ x, "grad_x": a.T @ grad_y,
            "grad_values": (grad_y[rows] * x[a.indices]).sum(1)}
