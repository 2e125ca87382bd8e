#!/usr/bin/env python3
"""Makes tests/golden/models/dcavae_*.txt: one optimiser step of tiny DCAVAEs in float64.

Usage: dcavae_golden.py

Each file holds `param.NAME`, the inputs of a step, and what comes of them: `training.WHAT.SIDE`, the values on the way
(mean and log variance of the latents, their sample, expected counts, P(zero)), `term.K`, `grad.NAME`, `buffer.NAME`,
the running statistics after the step, and `evaluation.WHAT.SIDE`, the values in evaluation mode with these. Of the
learned library's case only the library's gradients are kept, those of its two wide weights, and of the widest one of the
network of places, as `rowsum.NAME`: each row's sum, columns weighted 1, 2, ... Dropout is 0. The noise of the latents is
that of stx (tests/golden/models/dcavae_noise.txt, seed 5, step 1; the test checks that it is), so that both sides sample
the same latents. The formulas are written down here once more, independently of the library.
"""
import pathlib

import numpy as np
import torch
import torch.nn.functional as F

import golden_text
from dcavae_terms import contrast, log_likelihood

HIDDEN, LATENT, HEADS = 6, 4, 2
GENES, TRAINING = 8, 6  # genes of the decoder; those below TRAINING are seen in space
CELLS, SPOTS, SPOT_KEYS, CELL_KEYS = 13, 11, 9, 7
LIBRARY_WIDTH = 128
R2 = dict(norm="shared_batch", attention="shared", dispersion="free", contrast="r2", anchors="cells", tau=1.0,
          weight=5.0, masked=False, learned=False, scale="mean")
SOUND = dict(norm="layer", attention="separate", dispersion="tied", contrast="exclude", anchors="cells", tau=0.5,
             weight=0.1, masked=True, learned=False, scale="mean")
CASES = {
    "r2_cells": R2,
    "r2_spots": R2 | dict(anchors="spots"),
    "batch": SOUND | dict(norm="batch", tau=0.2, weight=5.0),
    "sound": SOUND,
    "paper": dict(norm="batch", attention="separate", dispersion="decoder", contrast="global", anchors="cells", tau=1.0,
                  weight=5.0, masked=True, learned=False, scale="sum"),
    "learned": R2 | dict(learned=True, scale="sum"),
    "r1": R2 | dict(contrast="r1"),
    "alone": SOUND | dict(cross=False),
    "places": SOUND | dict(places=True),
}
PLACE_WIDTHS, PLACE_WEIGHT = (LATENT, 64, 32, 2), 1.0
KL_WEIGHT = 0.3
LIBRARY_FLOOR = 1e-4  # added to the variance of a learned library
LOG_TOTALS = {"cells": (2.5, 0.8), "spots": (2.0, 0.6)}  # mean and SD of the prior of a learned library


def batch_norm(x, name, p, buffers, eps, momentum, training):
    if not training:
        mean, var = buffers[name + ".running_mean"], buffers[name + ".running_var"]
        return (x - mean) / torch.sqrt(var + eps) * p[name + ".gain"] + p[name + ".shift"]
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
        self.case, self.p, self.buffers, self.training = case, p, buffers, True

    def batch_norm(self, x, name, eps, momentum):
        return batch_norm(x, name, self.p, self.buffers, eps, momentum, self.training)

    def embed(self, side, x):
        x = linear(x, "encoder." + side, self.p)
        return F.relu(self.batch_norm(x, "encoder.norm." + side, 1e-3, 0.01))

    def norm(self, side, place, x):
        if self.case["norm"] == "layer":
            return layer_norm(x, place + ".norm." + side, self.p)
        name = "norm" if self.case["norm"] == "shared_batch" else place + ".norm." + side
        return self.batch_norm(x, name, 1e-5, 0.1)

    def place(self, z):
        for k in range(len(PLACE_WIDTHS) - 1):
            z = linear(F.relu(z) if k > 0 else z, f"position.{k}", self.p)
        return z

    def latent(self, side, embedded, memory):
        name = "attention" + ("." + side if self.case["attention"] == "separate" else "")
        keys_values = linear(memory, name + ".key_value", self.p)
        keys, values = keys_values[:, :HIDDEN], keys_values[:, HIDDEN:]
        attended = linear(attend(linear(embedded, name + ".query", self.p), keys, values), name + ".out", self.p)
        h = self.norm(side, "attention", embedded + attended)
        block = linear(h, "block", self.p)
        name = "block.norm" if self.case["norm"] == "shared_batch" else "block.inner_norm." + side
        h = self.norm(side, "block", h + F.relu(self.batch_norm(block, name, 1e-3, 0.01)))
        return linear(h, "latent.mean", self.p), linear(h, "latent.spread", self.p)

    def library(self, side, x):
        name = "library." + side
        h = F.relu(self.batch_norm(linear(x, name + ".hidden0", self.p), name + ".hidden0.norm", 1e-3, 0.01))
        return linear(h, name + ".mean", self.p), linear(h, name + ".spread", self.p)

    def log_theta(self, side, z):
        if self.case["dispersion"] == "decoder":
            return linear(z, "decoder.log_theta", self.p)
        if self.case["dispersion"] == "free":
            return self.p["decoder.log_theta." + side]
        tied = self.p["decoder.log_theta.cells"]
        return tied if side == "cells" else tied + self.p["decoder.log_theta.offset"]


def parameters(case, draw):
    shapes = {}

    def dense(name, n_in, n_out):
        shapes[name + ".weight"], shapes[name + ".bias"] = (n_out, n_in), (n_out,)

    def norm(name, width=HIDDEN):
        shapes[name + ".gain"], shapes[name + ".shift"] = (width,), (width,)

    for side, n_in in (("cells", TRAINING if case["masked"] else GENES), ("spots", TRAINING)):
        dense("encoder." + side, n_in, HIDDEN)
        norm("encoder.norm." + side)
        if side == "cells" or case["attention"] == "separate":
            name = "attention" + ("." + side if case["attention"] == "separate" else "")
            dense(name + ".query", HIDDEN, HIDDEN)
            dense(name + ".key_value", HIDDEN, 2 * HIDDEN)
            dense(name + ".out", HIDDEN, HIDDEN)
        if case["norm"] != "shared_batch":
            norm("attention.norm." + side)
            norm("block.norm." + side)
            norm("block.inner_norm." + side)
        if case["learned"]:
            dense("library." + side + ".hidden0", n_in, LIBRARY_WIDTH)
            norm("library." + side + ".hidden0.norm", LIBRARY_WIDTH)
            dense("library." + side + ".mean", LIBRARY_WIDTH, 1)
            dense("library." + side + ".spread", LIBRARY_WIDTH, 1)
    dense("block", HIDDEN, HIDDEN)
    if case["norm"] == "shared_batch":
        norm("block.norm")
        norm("norm")
    dense("latent.mean", HIDDEN, LATENT)
    dense("latent.spread", HIDDEN, LATENT)
    dense("decoder.rate", LATENT, GENES)
    dense("decoder.zero", LATENT, GENES)
    if case.get("places"):
        for k in range(len(PLACE_WIDTHS) - 1):
            dense(f"position.{k}", PLACE_WIDTHS[k], PLACE_WIDTHS[k + 1])
    if case["dispersion"] == "decoder":
        dense("decoder.log_theta", LATENT, GENES)
    else:
        tied = case["dispersion"] == "tied"
        shapes["decoder.log_theta.cells"] = (GENES,)
        shapes["decoder.log_theta." + ("offset" if tied else "spots")] = (1,) if tied else (GENES,)
    values = {name: 0.4 * draw(*shape) + (1.0 if name.endswith("gain") else 0.0) for name, shape in shapes.items()}
    if case["learned"]:  # many: values of few digits
        values = {name: torch.round(64 * value) / 64 * (0.125 if name.endswith(("0.weight", "mean.weight")) else 1)
                  for name, value in values.items()}
    for name in values:
        if name.startswith("position."):  # many too
            values[name] = torch.round(64 * values[name]) / 64 * (0.25 if name.endswith("weight") else 1)
    return {name: value.requires_grad_() for name, value in values.items()}


def forward(network, side, other, data, seen, observed, noise):
    """What a side's rows become; `noise` is None in evaluation: the means are then taken."""
    x = data[side]
    inputs = torch.log1p(x[:, seen[side]])
    embedded = network.embed(side, inputs)
    memory = embedded
    if network.case.get("cross", True):
        memory = network.embed(other, torch.log1p(data["keys_of_" + side][:, seen[other]]))
    m, s = network.latent(side, embedded, memory)
    out = {"mean": m, "spread": s}
    z = m if noise is None else m + torch.exp(s / 2) * noise[side]
    if noise is not None:
        out["latent"] = z
    if network.case.get("places") and side == "spots":
        out["place"] = network.place(z)
    library = torch.log(x[:, observed[side]].sum(1, keepdim=True))
    if network.case["learned"]:
        out["library_mean"], out["library_spread"] = library, spread = network.library(side, inputs)
        if noise is not None:
            library = library + torch.sqrt(torch.exp(spread) + LIBRARY_FLOOR) * noise["library." + side]
            out["library"] = library
    a = linear(z, "decoder.rate", network.p)
    u = library + a - torch.logsumexp(a[:, observed[side]], dim=1, keepdim=True)
    zeta = linear(z, "decoder.zero", network.p) if side == "cells" else None
    r = network.log_theta(side, z)
    no_count = torch.exp(-torch.exp(r) * F.softplus(u - r))
    out["mu"] = torch.exp(u)
    out["p_zero"] = no_count if zeta is None else torch.sigmoid(zeta) + torch.sigmoid(-zeta) * no_count
    return out, u, r, zeta


def make(case, noise):
    generator = torch.Generator().manual_seed(11)

    def draw(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    def counts(rows):
        return torch.floor((draw(rows, GENES) * 3).clamp_min(0))

    p = parameters(case, draw)
    buffers = {}
    for name, gain in p.items():
        if name.endswith(".gain") and (case["norm"] != "layer" or not name.startswith(("attention.norm", "block.norm"))):
            buffers[name[:-4] + "running_mean"] = torch.zeros(gain.shape[0], dtype=torch.float64)
            buffers[name[:-4] + "running_var"] = torch.ones(gain.shape[0], dtype=torch.float64)
    data = {"cells": counts(CELLS), "spots": counts(SPOTS), "keys_of_cells": counts(SPOT_KEYS),
            "keys_of_spots": counts(CELL_KEYS)}
    for rows in data.values():
        rows[:, 0] += 1  # no row without counts
    positives = (draw(CELLS, SPOTS) > 1).double()
    result = {"param." + name: value.detach().clone() for name, value in p.items()}
    result |= {"input." + name: value for name, value in data.items()} | {"input.positives": positives}
    distances = places = shown = None
    if case["contrast"] == "r1":
        distances = result["input.distances"] = F.softplus(draw(CELLS, SPOTS))
    if case.get("places"):
        places, shown = draw(SPOTS, PLACE_WIDTHS[-1]), (draw(SPOTS, 1) > -0.5).double()
        places *= shown  # as stx wants them
        result |= {"input.places": places, "input.shown": shown}

    network = Network(case, p, buffers)
    seen = {"cells": list(range(TRAINING if case["masked"] else GENES)), "spots": list(range(TRAINING))}
    observed = {"cells": list(range(GENES)), "spots": list(range(TRAINING))}
    terms, z = {}, {}
    for side, other in (("cells", "spots"), ("spots", "cells")):
        values, u, r, zeta = forward(network, side, other, data, seen, observed, noise)
        result |= {f"training.{what}.{side}": value.detach() for what, value in values.items()}
        z[side] = values["latent"]
        of = observed[side]
        likelihood = log_likelihood(data[side][:, of], u[:, of], r[..., of], zeta)
        m, s = values["mean"], values["spread"]
        divergence = 0.5 * (torch.exp(s) + m**2 - 1 - s).sum(1)
        factor = 1 / (CELLS + SPOTS if case["scale"] == "mean" else data[side].shape[0])
        terms[f"counts of {side}"] = -likelihood.sum() * factor
        terms[f"latents of {side}"] = divergence.sum() * factor * KL_WEIGHT
        if case["learned"]:
            m, s, (mean, sd) = values["library_mean"], values["library_spread"], LOG_TOTALS[side]
            variance = torch.exp(s) + LIBRARY_FLOOR
            divergence = np.log(sd) - variance.log() / 2 + (variance + (m - mean)**2) / (2 * sd**2) - 0.5
            terms[f"library of {side}"] = divergence.sum() * factor * KL_WEIGHT
    terms["contrast"] = case["weight"] * contrast(z["cells"], z["spots"], positives, case, distances)
    if case.get("places"):
        terms["places of spots"] = PLACE_WEIGHT / SPOTS * ((network.place(z["spots"]) - places).abs() * shown).sum()
    sum(terms.values()).backward()
    result |= {"term." + name.replace(" ", "_"): value.detach().reshape(1) for name, value in terms.items()}
    for name, value in p.items():
        grad = torch.zeros_like(value) if value.grad is None else value.grad
        if case["learned"] and name.endswith("hidden0.weight") or name == "position.1.weight":
            result["rowsum." + name] = grad @ torch.arange(1, grad.shape[1] + 1, dtype=torch.float64)
        elif not case["learned"] or name.startswith("library."):
            result["grad." + name] = grad
    result |= {"buffer." + name: value for name, value in buffers.items()}
    network.training = False
    for side, other in (("cells", "spots"), ("spots", "cells")):
        values = forward(network, side, other, data, seen, observed, None)[0]
        result |= {f"evaluation.{what}.{side}": value.detach() for what, value in values.items()}
    return result


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
