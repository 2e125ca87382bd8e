#!/usr/bin/env python3
"""Makes tests/golden/models/dcavae_*.txt: one optimiser step of tiny DCAVAEs in float64.

Usage: dcavae_golden.py

Each file holds `param.NAME`, the inputs of a step, and what comes of them: `term.K`, `grad.NAME`, and
`buffer.NAME`, the running statistics after the step. Dropout is 0. The noise of the latents is that of stx
(tests/golden/models/dcavae_noise.txt, seed 5, step 1; the test checks that it is), so that both sides sample
the same latents. The formulas are written down here once more, independently of the library.
"""
import pathlib

import numpy as np
import torch
import torch.nn.functional as F

import golden_text

HIDDEN, LATENT, HEADS = 6, 4, 2
GENES, TRAINING = 8, 6  # genes of the decoder; those below TRAINING are seen in space
CELLS, SPOTS, SPOT_KEYS, CELL_KEYS = 13, 11, 9, 7
CASES = {
    "r2_cells": dict(norm="batch", attention="shared", dispersion="free", contrast="r2", anchors="cells", tau=1.0,
                     masked=False, learned=False, scale="mean"),
    "r2_spots": dict(norm="batch", attention="shared", dispersion="free", contrast="r2", anchors="spots", tau=1.0,
                     masked=False, learned=False, scale="mean"),
    "sound": dict(norm="layer", attention="separate", dispersion="tied", contrast="exclude", anchors="cells", tau=0.2,
                  masked=True, learned=False, scale="mean"),
}
LAMBDA, KL_WEIGHT = 5.0, 0.3


def batch_norm(x, name, p, buffers, eps, momentum):
    mean, var = x.mean(0), x.var(0, unbiased=False)
    with torch.no_grad():
        n = x.shape[0]
        buffers[name + ".running_mean"].mul_(1 - momentum).add_(momentum * mean)
        buffers[name + ".running_var"].mul_(1 - momentum).add_(momentum * var * n / (n - 1))
    return (x - mean) / torch.sqrt(var + eps) * p[name + ".gain"] + p[name + ".shift"]


def layer_norm(x, name, p):
    mean, var = x.mean(1, keepdim=True), x.var(1, keepdim=True, unbiased=False)
    return (x - mean) / torch.sqrt(var + 1e-5) * p[name + ".gain"] + p[name + ".shift"]


def linear(x, name, p):
    return x @ p[name + ".weight"].T + p[name + ".bias"]


def attend(queries, keys, values):
    n = HIDDEN // HEADS
    heads = []
    for h in range(HEADS):
        part = slice(h * n, (h + 1) * n)
        weights = torch.softmax(queries[:, part] @ keys[:, part].T / n**0.5, dim=1)
        heads.append(weights @ values[:, part])
    return torch.cat(heads, dim=1)


class Network:
    def __init__(self, case, p, buffers):
        self.case, self.p, self.buffers = case, p, buffers

    def embed(self, side, x):
        x = linear(x, "encoder." + side, self.p)
        return F.relu(batch_norm(x, "encoder.norm." + side, self.p, self.buffers, 1e-3, 0.01))

    def norm(self, side, place, x):
        if self.case["norm"] == "layer":
            return layer_norm(x, place + ".norm." + side, self.p)
        return batch_norm(x, "norm", self.p, self.buffers, 1e-5, 0.1)

    def latent(self, side, embedded, memory):
        name = "attention" + ("." + side if self.case["attention"] == "separate" else "")
        keys_values = linear(memory, name + ".key_value", self.p)
        keys, values = keys_values[:, :HIDDEN], keys_values[:, HIDDEN:]
        attended = linear(attend(linear(embedded, name + ".query", self.p), keys, values), name + ".out", self.p)
        h = self.norm(side, "attention", embedded + attended)
        block = linear(h, "block", self.p)
        if self.case["norm"] == "batch":
            block = batch_norm(block, "block.norm", self.p, self.buffers, 1e-3, 0.01)
        h = self.norm(side, "block", h + F.relu(block))
        return linear(h, "latent.mean", self.p), linear(h, "latent.spread", self.p)

    def log_theta(self, side):
        if self.case["dispersion"] == "free":
            return self.p["decoder.log_theta." + side]
        tied = self.p["decoder.log_theta.cells"]
        return tied if side == "cells" else tied + self.p["decoder.log_theta.offset"]


def log_likelihood(x, u, r, zeta=None):
    theta = torch.exp(r)
    no_count = -theta * F.softplus(u - r)
    nb = (torch.lgamma(x + theta) - torch.lgamma(theta) - torch.lgamma(x + 1) + no_count - x * F.softplus(r - u))
    if zeta is None:
        return nb
    return torch.where(x == 0, F.softplus(no_count - zeta) - F.softplus(-zeta), nb - F.softplus(zeta))


def contrast(z_cells, z_spots, positives, case):
    unit = [z / z.norm(dim=1, keepdim=True).clamp_min(1e-8) for z in (z_cells, z_spots)]
    m = unit[0] @ unit[1].T / case["tau"]
    if case["anchors"] == "spots":
        m, positives = m.T, positives.T
    others = 1 - positives
    pulled = -(positives * m).sum(1)
    if case["contrast"] == "r2":
        return (pulled + torch.log(torch.exp(m * others).sum(1)) / others.sum(1)).mean()
    silent = (positives.sum(1) == 0) | (others.sum(1) == 0)
    mean = (torch.exp(m) * others).sum(1) / others.sum(1).clamp_min(1)
    pushed = positives.sum(1) * torch.log(torch.where(silent, torch.ones_like(mean), mean))
    return torch.where(silent, torch.zeros_like(pulled), pulled + pushed).mean()


def parameters(case, draw):
    shapes = {}

    def dense(name, n_in, n_out):
        shapes[name + ".weight"], shapes[name + ".bias"] = (n_out, n_in), (n_out,)

    def norm(name):
        shapes[name + ".gain"], shapes[name + ".shift"] = (HIDDEN,), (HIDDEN,)

    for side, n_in in (("cells", TRAINING if case["masked"] else GENES), ("spots", TRAINING)):
        dense("encoder." + side, n_in, HIDDEN)
        norm("encoder.norm." + side)
        if side == "cells" or case["attention"] == "separate":
            name = "attention" + ("." + side if case["attention"] == "separate" else "")
            dense(name + ".query", HIDDEN, HIDDEN)
            dense(name + ".key_value", HIDDEN, 2 * HIDDEN)
            dense(name + ".out", HIDDEN, HIDDEN)
        if case["norm"] == "layer":
            norm("attention.norm." + side)
            norm("block.norm." + side)
    dense("block", HIDDEN, HIDDEN)
    if case["norm"] == "batch":
        norm("block.norm")
        norm("norm")
    dense("latent.mean", HIDDEN, LATENT)
    dense("latent.spread", HIDDEN, LATENT)
    dense("decoder.rate", LATENT, GENES)
    dense("decoder.zero", LATENT, GENES)
    shapes["decoder.log_theta.cells"] = (GENES,)
    shapes["decoder.log_theta." + ("offset" if case["dispersion"] == "tied" else "spots")] = (
        (1,) if case["dispersion"] == "tied" else (GENES,))
    return {name: (0.4 * draw(*shape) + (1.0 if name.endswith("gain") else 0.0)).requires_grad_()
            for name, shape in shapes.items()}


def make(case, noise):
    generator = torch.Generator().manual_seed(11)

    def draw(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    def counts(rows):
        return torch.floor((draw(rows, GENES) * 3).clamp_min(0))

    p = parameters(case, draw)
    norms = ["encoder.norm.cells", "encoder.norm.spots"] + (["block.norm", "norm"] if case["norm"] == "batch" else [])
    buffers = {}
    for name in norms:
        buffers[name + ".running_mean"] = torch.zeros(HIDDEN, dtype=torch.float64)
        buffers[name + ".running_var"] = torch.ones(HIDDEN, dtype=torch.float64)
    data = {"cells": counts(CELLS), "spots": counts(SPOTS), "keys_of_cells": counts(SPOT_KEYS),
            "keys_of_spots": counts(CELL_KEYS)}
    for rows in data.values():
        rows[:, 0] += 1  # no row without counts
    positives = (draw(CELLS, SPOTS) > 1).double()
    result = {"param." + name: value.detach().clone() for name, value in p.items()}
    result |= {"input." + name: value for name, value in data.items()} | {"input.positives": positives}

    network = Network(case, p, buffers)
    seen = {"cells": list(range(TRAINING if case["masked"] else GENES)), "spots": list(range(TRAINING))}
    observed = {"cells": list(range(GENES)), "spots": list(range(TRAINING))}
    terms, z = {}, {}
    for side, other in (("cells", "spots"), ("spots", "cells")):
        x = data[side]
        embedded = network.embed(side, torch.log1p(x[:, seen[side]]))
        memory = network.embed(other, torch.log1p(data["keys_of_" + side][:, seen[other]]))
        m, s = network.latent(side, embedded, memory)
        z[side] = m + torch.exp(s / 2) * noise[side]
        a = linear(z[side], "decoder.rate", p)[:, observed[side]]
        u = torch.log(x[:, observed[side]].sum(1, keepdim=True)) + torch.log_softmax(a, dim=1)
        zeta = linear(z[side], "decoder.zero", p) if side == "cells" else None
        likelihood = log_likelihood(x[:, observed[side]], u, network.log_theta(side)[observed[side]], zeta)
        divergence = 0.5 * (torch.exp(s) + m**2 - 1 - s).sum(1)
        factor = 1 / (CELLS + SPOTS)
        terms[f"counts of {side}"] = -likelihood.sum() * factor
        terms[f"latents of {side}"] = divergence.sum() * factor * KL_WEIGHT
    terms["contrast"] = LAMBDA * contrast(z["cells"], z["spots"], positives, case)
    sum(terms.values()).backward()
    result |= {"latent." + side: value.detach() for side, value in z.items()}
    result |= {"term." + name.replace(" ", "_"): value.detach().reshape(1) for name, value in terms.items()}
    result |= {"grad." + name: torch.zeros_like(value) if value.grad is None else value.grad
               for name, value in p.items()}
    return result | {"buffer." + name: value for name, value in buffers.items()}


def read_noise():
    noise = {}
    lines = iter((golden_text.FOLDER / "models" / "dcavae_noise.txt").read_text().splitlines())
    for line in lines:
        if line.startswith("#"):
            continue
        name, rows, _ = line.split()
        noise[name] = torch.tensor(np.array([next(lines).split() for _ in range(int(rows))], dtype=np.float64))
    return noise


if __name__ == "__main__":
    for name, case in CASES.items():
        file = f"dcavae_{name}.txt"
        golden_text.write(file, {k: v.numpy() for k, v in make(case, read_noise()).items()}, ["torch"], fmt="%.17g",
                          folder="models")
        print(file, (pathlib.Path(golden_text.FOLDER) / "models" / file).stat().st_size, "bytes")
