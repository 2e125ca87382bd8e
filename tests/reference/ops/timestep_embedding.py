"""Sinusoidal embeddings in PyTorch, in double."""
import math

import torch

PACKAGES = ["torch"]


def embed(times, width, period):
    half = width // 2
    f = torch.exp(-math.log(period) * torch.arange(half, dtype=torch.float64) / half)
    angle = times.double().unsqueeze(1) * f
    out = torch.cat([angle.cos(), angle.sin()], 1)
    return torch.nn.functional.pad(out, (0, width % 2))


def arrays():
    times = torch.tensor([0, 1, 17, 999, 1499])
    return {"times": times.numpy(), "wide": embed(times, 64, 10000).numpy(), "odd": embed(times, 7, 100).numpy()}
