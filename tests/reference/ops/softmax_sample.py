"""Draws from a softmax: SciPy's shares, inverted at the uniforms of a Philox 4x32-10 written here."""
import numpy as np
from scipy import special

PACKAGES = ["numpy", "scipy"]
SEED, STEP, SITE, CHOICE = 5, 1, 9, 11


def philox(counter, key):
    c, k = list(counter), list(key)
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(p1 >> 32) ^ c[1] ^ k[0], p1 & 0xFFFFFFFF, (p0 >> 32) ^ c[3] ^ k[1], p0 & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def arrays():
    # Known answer of Salmon et al.: all bits zero.
    assert philox((0, 0, 0, 0), (0, 0)) == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]
    rng = np.random.default_rng(21)
    logits = rng.uniform(-2, 2, 40).astype(np.float32).astype(float)
    words = [philox((0, i, STEP, SITE << 8 | CHOICE), (SEED, 0)) for i in range(300)]
    uniforms = np.array([(w[0] + w[1] / 2**32) / 2**32 for w in words])
    out = {"logits": logits}
    for name, kappa in (("one", 1.0), ("half", 0.5)):
        edges = np.cumsum(special.softmax(kappa * logits))
        # No uniform is so near to an edge that float weights could decide otherwise.
        assert np.abs(uniforms[:, None] - edges[None, :-1]).min() > 1e-6
        out[name] = np.searchsorted(edges, uniforms, side="right")
    return out
