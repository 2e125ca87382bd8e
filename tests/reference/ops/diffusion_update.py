"""Steps of DDPM, DDIM and DPM-Solver++ 2M written out in PyTorch, with bounds and known entries."""
import math

import torch

PACKAGES = ["torch"]
TIMES = 1500
GRID = [1100, 700, 300, 20]


def schedule():
    def level(s):
        return math.cos((s + 0.008) / 1.008 * math.pi / 2) ** 2

    beta = torch.tensor([min(1 - level((t + 1) / TIMES) / level(t / TIMES), 0.999) for t in range(TIMES)],
                        dtype=torch.float64)
    return beta, torch.cumprod(1 - beta, 0)


def arrays():
    torch.manual_seed(1)
    rows, cols = 3, 5
    draw = lambda *shape: torch.randn(*shape, dtype=torch.float64).float().double()
    beta, bar = schedule()
    start, eps = draw(rows, cols), draw(len(GRID), rows, cols)
    mask = (torch.rand(rows, cols) < 0.4).double()
    known = draw(rows, cols)
    low, high = -torch.full((cols,), 1.25, dtype=torch.float64), torch.linspace(0.5, 3, cols, dtype=torch.float64).float().double()
    keep = lambda u: mask * known + (1 - mask) * u
    clean = lambda u, e, t: torch.maximum(torch.minimum((u - (1 - bar[t]).sqrt() * e) / bar[t].sqrt(), high), low)
    found = {"grid": GRID, "start": start, "mask": mask, "known": known, "low": low, "high": high,
             "betas": beta[torch.tensor([0, 1, 100, 750, 1499])]}
    for k in range(len(GRID)):
        found[f"eps{k}"] = eps[k]

    u = keep(start)
    for k, t in enumerate(GRID):
        x0 = clean(u, eps[k], t)
        if k + 1 < len(GRID):
            s = GRID[k + 1]
            direction = (u - bar[t].sqrt() * x0) / (1 - bar[t]).sqrt()
            u = keep(bar[s].sqrt() * x0 + (1 - bar[s]).sqrt() * direction)
        else:
            u = keep(x0)
        found[f"ddim{k}"] = u

    half_snr = 0.5 * torch.log(bar / (1 - bar))
    u, before, h_before = keep(start), None, None
    for k, t in enumerate(GRID):
        x0 = clean(u, eps[k], t)
        if k + 1 < len(GRID):
            s = GRID[k + 1]
            h = half_snr[s] - half_snr[t]
            mixed = x0 if k == 0 or k + 2 == len(GRID) else x0 + (x0 - before) * h / (2 * h_before)
            u = keep((1 - bar[s]).sqrt() / (1 - bar[t]).sqrt() * u - bar[s].sqrt() * (torch.exp(-h) - 1) * mixed)
            before, h_before = x0, h
        else:
            u = keep(x0)
        found[f"dpm2m{k}"] = u

    for t in (0, 1, 700, TIMES - 1):
        below = bar[t - 1] if t > 0 else torch.tensor(1.0, dtype=torch.float64)
        x0 = clean(start, eps[0], t)
        found[f"ddpm_mean{t}"] = (beta[t] * below.sqrt() * x0 + (1 - below) * (1 - beta[t]).sqrt() * start) / (1 - bar[t])
        found[f"ddpm_sd{t}"] = (beta[t] * (1 - below) / (1 - bar[t])).sqrt() if t > 0 else 0.0
    return {name: value.numpy() if torch.is_tensor(value) else value for name, value in found.items()}
