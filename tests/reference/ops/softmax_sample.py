"""Draws from a softmax: SciPy's shares, inverted at the uniforms of a Philox 4x32-10."""
import numpy as np
from scipy import special

from philox import philox

PACKAGES = ["numpy", "scipy"]
SEED, STEP, SITE, CHOICE = 5, 1, 9, 11


def arrays():
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
