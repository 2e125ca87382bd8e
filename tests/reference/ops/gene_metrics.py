"""Scores of columns from SciPy and from their formulas: smooth, tied, negative and the specification's fixture."""
import numpy as np
from scipy import stats
from scipy.spatial.distance import jensenshannon

PACKAGES = ["numpy", "scipy"]


def ssim(a, b):
    a, b = a / a.max(), b / b.max()
    c1, c2 = 0.01**2, 0.03**2
    c3 = c2 / 2
    s = a.std() * b.std()
    cov = ((a - a.mean()) * (b - b.mean())).mean()
    return ((2 * a.mean() * b.mean() + c1) / (a.mean()**2 + b.mean()**2 + c1) * (2 * s + c2) / (a.var() + b.var() + c2)
            * (cov + c3) / (s + c3))


def score(a, b):
    z = lambda v: (v - v.mean()) / v.std()
    positive = lambda v: np.maximum(v, 0)
    counted = a != 0
    return [stats.pearsonr(a, b)[0], stats.spearmanr(a, b)[0], stats.kendalltau(a, b)[0], np.sqrt(((a - b)**2).mean()),
            np.sqrt(((z(a) - z(b))**2).mean()), 100 * (np.abs(a - b)[counted] / np.abs(a[counted])).mean(), ssim(a, b),
            jensenshannon(positive(a), positive(b))**2, a @ b / np.sqrt((a @ a) * (b @ b)),
            1 - ((a - b)**2).sum() / ((a - a.mean())**2).sum(), np.abs(a - b).mean(), ((a - b)**2).mean()]


def arrays():
    rng = np.random.default_rng(5)
    n = 60
    truth = np.stack([rng.gamma(2, 1, n), rng.poisson(1.5, n), rng.normal(0, 1, n), np.tile([0, 1, 2, 3, 0], n // 5)], 1)
    prediction = np.stack([truth[:, 0] + rng.normal(0, 0.5, n), rng.poisson(truth[:, 1] + 0.2), rng.normal(0, 1, n),
                           np.tile([0.5, 1, 1, 4, 0], n // 5)], 1)
    truth, prediction = (m.astype(np.float32).astype(np.float64) for m in (truth, prediction))
    return {"truth": truth, "prediction": prediction,
            "scores": np.stack([score(truth[:, j], prediction[:, j]) for j in range(4)], 1)}
