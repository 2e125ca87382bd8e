"""Reparameterised samples in PyTorch from Box and Muller's normals of a Philox: seed 21, step 3, site 9."""
import math

import numpy as np
import torch

from philox import Counter

PACKAGES = ["torch", "numpy"]
NOISE, ROWS, COLS = 8, 6, 7


def normals(row):
    draws, values = Counter(NOISE), []
    for group in range((COLS + 3) // 4):
        w = draws.words(row, group)
        for a, b in ((w[0], w[1]), (w[2], w[3])):
            radius, angle = math.sqrt(-2 * math.log((a + 0.5) / 2**32)), 2 * math.pi * b / 2**32
            values += [radius * math.cos(angle), radius * math.sin(angle)]
    return values[:COLS]


def arrays():
    torch.manual_seed(3)
    ids = [4, 0, 1000000, 4, 17, 2]
    eps = torch.tensor([normals(i) for i in ids], dtype=torch.float64)
    mean, spread = torch.randn(ROWS, COLS, dtype=torch.float64), torch.rand(ROWS, COLS, dtype=torch.float64) + 0.1
    grad = torch.randn(ROWS, COLS, dtype=torch.float64)
    out = {"ids": ids, "mean": mean, "spread": spread, "grad_y": grad}
    sigmas = {"log_variance": lambda s: torch.exp(s / 2), "softplus": torch.nn.functional.softplus,
              "deviation": lambda s: s, "floored_variance": lambda s: torch.sqrt(torch.exp(s) + 1e-4)}
    for name, sigma in sigmas.items():
        # With the floor spreads of -14.9 to 0: variances far below it and far above.
        values = 15 * (spread - 1.1) if name == "floored_variance" else spread
        out |= {"floored": values} if name == "floored_variance" else {}
        m, s = mean.clone().requires_grad_(), values.clone().requires_grad_()
        z = m + sigma(s) * eps
        z.backward(grad)
        out |= {f"{name}_y": z.detach(), f"{name}_grad_mean": m.grad, f"{name}_grad_{'floored' if name == 'floored_variance' else 'spread'}": s.grad}
    return {k: np.asarray(v) for k, v in out.items()}
