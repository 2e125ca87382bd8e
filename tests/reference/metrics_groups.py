"""Writes tests/golden/metrics/groups.txt: ROC, calibration, silhouettes, rank tests and adjusted p-values as
scikit-learn and SciPy compute them.

Run: python tests/reference/metrics_groups.py   (numpy, scipy, scikit-learn)
"""
import golden_text
import numpy as np
from scipy.stats import false_discovery_control, mannwhitneyu, wilcoxon
from sklearn.calibration import calibration_curve
from sklearn.linear_model import LinearRegression
from sklearn.metrics import roc_auc_score, silhouette_samples

SIDES = ("two-sided", "greater", "less")


def classification(rng, out):
    for name, levels in {"smooth": 0, "tied": 7, "binary": 1}.items():
        score = rng.uniform(0, 1, 83)
        score = np.float32(np.round(score * levels) / levels if levels else score)
        positive = rng.uniform(0, 1, 83) < 0.2 + 0.5 * score
        out[f"{name}_score"], out[f"{name}_positive"] = score, positive
        out[f"{name}_auc"] = roc_auc_score(positive, score)
        for bins in (5, 10):
            observed, predicted = calibration_curve(positive, np.float64(score), n_bins=bins)
            line = LinearRegression().fit(predicted[:, None], observed)
            out[f"{name}_curve_{bins}"] = np.stack([predicted, observed])
            out[f"{name}_line_{bins}"] = [line.coef_[0], line.intercept_]


def mixing(rng, out):
    n, dims, n_types = 90, 4, 5
    types = rng.integers(0, n_types - 1, n)
    modality = rng.integers(0, 2, n)
    modality[types == 1] = 0        # a type of one modality
    types[7], types[8], modality[7], modality[8] = 4, 4, 0, 1  # one cell of each
    points = np.float32(rng.normal(0, 1, (n, dims)) + 0.8 * modality[:, None] + types[:, None])
    points[11] = points[12]
    out["points"], out["types"], out["modality"] = points, types, modality
    out["silhouettes"] = silhouette_samples(np.float64(points), types)
    per_type = []
    for t in range(n_types):
        chosen = types == t
        batches = modality[chosen]
        if not 2 <= len(np.unique(batches)) < len(batches):
            per_type.append(-1)  # not scored
            continue
        per_type.append(np.mean(1 - np.abs(silhouette_samples(np.float64(points[chosen]), batches))))
    out["basw"] = per_type + [np.mean([v for v in per_type if v >= 0])]


def rank_tests(rng, out):
    for name, n, levels in [("small", 9, 0), ("small_ties", 12, 2), ("exact", 50, 0), ("large", 61, 0),
                            ("large_ties", 61, 3), ("zeros", 30, 1)]:
        x, y = rng.normal(0.3, 1, n), rng.normal(0, 1, n)
        if levels:
            x, y = np.round(x * levels) / levels, np.round(y * levels) / levels
        out[f"{name}_x"], out[f"{name}_y"] = x, y
        shorter = y[: 2 * n // 3]
        out[f"{name}_mwu"] = [v for side in SIDES for v in mannwhitneyu(
            x, shorter, alternative=side, method="asymptotic")]
        out[f"{name}_wilcoxon"] = [v for side in SIDES for v in wilcoxon(x, y, alternative=side)]
    p = np.concatenate([rng.uniform(0, 1, 17), rng.uniform(0, 0.02, 6), [0.5, 0.5, 0, 1]])
    out["p"], out["p_adjusted"] = p, false_discovery_control(p)


def main():
    rng, out = np.random.default_rng(20250821), {}
    classification(rng, out)
    mixing(rng, out)
    rank_tests(rng, out)
    golden_text.write("groups.txt", out, ("numpy", "scipy", "scikit-learn"), fmt="%.17g", folder="metrics")


if __name__ == "__main__":
    main()
