"""Draws by counter: numbers, set and order follow the documented formulas; seed 21, step 3, site 9.

rows: draws below n. partners: members of the lists of rows. mask: hidden inputs, shares in [0.2, 0.7].
neighbours: Floyd's choice of 4 of a graph's rows. permutation_N: a keyed Feistel network, walked below N.
"""
import numpy as np

from philox import Counter

PACKAGES = ["numpy"]
DROPOUT, MASK, SAMPLE, PERMUTATION, CHOICE, NEIGHBOURS = 3, 5, 6, 10, 11, 12
M32 = 0xFFFFFFFF


def mixed(value, key):
    h = (value * 0x9E3779B9 + key) & M32
    h = (h ^ h >> 16) * 0x85EBCA6B & M32
    h = (h ^ h >> 13) * 0xC2B2AE35 & M32
    return h ^ h >> 16


def permutation(n):
    half = 1
    while 4**half < n:
        half += 1
    keys = Counter(PERMUTATION).words(0, 0) + Counter(PERMUTATION).words(0, 1)

    def network(i):
        left, right = i >> half, i & (2**half - 1)
        for r in range(24 if half < 6 else 8):
            left, right = right, left ^ mixed(right, (keys[r % 8] + r // 8) & M32) & (2**half - 1)
        return left << half | right

    order = []
    for i in range(n):
        i = network(i)
        while i >= n:
            i = network(i)
        order.append(i ^ keys[7] >> 31 if i < 2 else i)  # n > 1: half of the orders are odd
    assert sorted(order) == list(range(n))
    return order


def neighbours(row, node, size):
    draws, chosen = Counter(NEIGHBOURS), []
    count = min(size, len(row))
    for t in range(count):
        j = len(row) - count + t
        drawn = draws.words(node, t // 4)[t % 4] * (j + 1) >> 32
        chosen.append(j if drawn in chosen else drawn)
    return [row[place] for place in sorted(chosen)] + [-1] * (size - count)


def arrays():
    rng = np.random.default_rng(1)
    lists = rng.integers(0, 1000, (40, 7))
    rows = [Counter(SAMPLE).words(i)[0] * 40 >> 32 for i in range(60)]
    partners = [lists[r, Counter(CHOICE).words(i)[0] * 7 >> 32] for i, r in enumerate(rows)]
    mask = np.zeros((12, 19))
    for i in range(12):
        share = 0.2 + 0.5 * ((Counter(MASK).words(i)[0] >> 9) + 0.5) / 2**23
        bits = [Counter(DROPOUT).words(i, j // 8)[j % 8 // 2] >> 16 * (j % 2) & 0xFFFF for j in range(19)]
        mask[i] = np.array(bits) < np.floor(share * 65536 + 0.5)
    graph = [sorted(rng.choice(30, rng.integers(0, 9), replace=False)) for _ in range(30)]
    out = {"lists": lists, "rows": rows, "partners": partners, "mask": mask,
           "graph.indptr": np.concatenate([[0], np.cumsum([len(r) for r in graph])]),
           "graph.indices": np.concatenate(graph),
           "neighbours": [neighbours(r, i, 4) for i, r in enumerate(graph)]}
    for n in (5, 300, 5000):
        out[f"permutation_{n}"] = permutation(n)
    return out
