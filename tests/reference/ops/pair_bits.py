"""Pairs that stand in each other's lists: NumPy's isin, packed into words of 32 bits."""
import numpy as np

PACKAGES = ["numpy"]


def arrays():
    rng = np.random.default_rng(4)
    lists = np.sort(np.stack([rng.choice(90, 11, replace=False) for _ in range(30)]), 1)
    rows, others = rng.integers(0, 30, 37), rng.integers(0, 90, 70)
    together = np.stack([np.isin(others, lists[r]) for r in rows])

    def words(pairs):
        padded = np.pad(pairs, ((0, 0), (0, -pairs.shape[1] % 32)))
        return np.ascontiguousarray(np.packbits(padded, 1, bitorder="little")).view("<u4")

    return {"lists": lists, "rows": rows, "others": others, "first": words(together), "second": words(together.T)}
