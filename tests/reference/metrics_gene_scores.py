"""Writes tests/golden/metrics/*.csv: columns of truth and prediction with ties, zeros, constants and
negative values, and their scores as SciPy, scikit-learn and scikit-image compute them.

Run: python tests/reference/metrics_gene_scores.py   (numpy, scipy, scikit-learn, scikit-image)
Where a library leaves a score undefined, the rule that stx documents is applied here by hand.
"""
from pathlib import Path

import numpy as np
import scipy
import skimage
import sklearn
from scipy.spatial.distance import cosine, jensenshannon
from scipy.stats import kendalltau, pearsonr, spearmanr, zscore
from skimage.metrics import structural_similarity
from sklearn.metrics import (mean_absolute_error, mean_absolute_percentage_error,
                             mean_squared_error, r2_score)

FOLDER = Path(__file__).resolve().parents[1] / "golden" / "metrics"
N = 61  # odd: scikit-image needs an odd window


def columns():
    rng = np.random.default_rng(20240607)
    depth = rng.gamma(3, 1, N)
    counts = rng.poisson(depth * 2)
    pairs = {
        "smooth": (rng.normal(5, 1, N), rng.normal(5, 1, N)),
        "counts_ties": (counts, rng.poisson(depth * 2)),
        "log_counts": (np.log1p(counts), np.log1p(counts) * 0.7 + rng.normal(0, 0.4, N)),
        "sparse": (rng.poisson(0.2, N), rng.poisson(0.3, N)),
        "negative_prediction": (np.log1p(counts), rng.normal(0.2, 1, N)),
        "anticorrelated": (depth, 4 - depth),
        "identical": (depth, depth),
        "binary": (rng.integers(0, 2, N), rng.integers(0, 2, N)),
        "large_offset": (1e4 + rng.normal(0, 1, N), 1e4 + rng.normal(0, 1, N)),
        "tiny": (depth * 1e-6, rng.gamma(2, 1e-6, N)),
        "constant_truth": (np.full(N, 0.1), depth),
        "constant_prediction": (depth, np.full(N, 0.3)),
        "zero_truth": (np.zeros(N), depth),
        "zero_prediction": (depth, np.zeros(N)),
        "both_zero": (np.zeros(N), np.zeros(N)),
    }
    return {k: (np.float32(x), np.float32(y)) for k, (x, y) in pairs.items()}


def ssim_one_window(x, y):
    x = x / x.max() if x.max() > 0 else 0 * x
    y = y / y.max() if y.max() > 0 else 0 * y
    _, image = structural_similarity(x, y, win_size=N, data_range=1.0, use_sample_covariance=False,
                                     full=True)
    return image[N // 2]


def js(x, y):
    x, y = np.maximum(x, 0), np.maximum(y, 0)
    if x.sum() == 0 or y.sum() == 0:
        return 0.0 if x.sum() == y.sum() else np.log(2)
    return jensenshannon(x, y) ** 2


def scores(x, y):
    flat_x, flat_y = np.ptp(x) == 0, np.ptp(y) == 0
    x, y = x.astype(np.float64), y.astype(np.float64)
    flat = flat_x or flat_y
    zx = 0 * x if flat_x else zscore(x)
    zy = 0 * y if flat_y else zscore(y)
    some = x != 0
    return {
        "pcc": 0 if flat else pearsonr(x, y).statistic,
        "scc": 0 if flat else spearmanr(x, y).statistic,
        "kendall": 0 if flat else kendalltau(x, y, variant="b").statistic,
        "rmse": np.sqrt(mean_squared_error(x, y)),
        "rmse_z": np.sqrt(mean_squared_error(zx, zy)),
        "mape": 100 * mean_absolute_percentage_error(x[some], y[some]) if some.any() else np.nan,
        "ssim": ssim_one_window(x, y),
        "js": js(x, y),
        "cossim": 0 if not x.any() or not y.any() else 1 - cosine(x, y),
        "r2": 0 if flat_x else r2_score(x, y),
        "l1": mean_absolute_error(x, y),
        "l2": mean_squared_error(x, y),
    }


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    pairs = columns()
    for side, name in enumerate(["truth", "prediction"]):
        rows = np.stack([p[side] for p in pairs.values()])
        lines = [",".join([gene] + [f"{v:.9g}" for v in row]) for gene, row in zip(pairs, rows)]
        (FOLDER / f"{name}.csv").write_text("\n".join(lines) + "\n")
    table = {gene: scores(x, y) for gene, (x, y) in pairs.items()}
    header = f"# numpy {np.__version__}, scipy {scipy.__version__}, scikit-learn " \
             f"{sklearn.__version__}, scikit-image {skimage.__version__}"
    lines = [header, ",".join(["gene"] + list(next(iter(table.values()))))]
    lines += [",".join([gene] + [f"{v:.17g}" for v in row.values()]) for gene, row in table.items()]
    (FOLDER / "scores.csv").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
