"""DCAVAE's network, losses and optimiser step in PyTorch, written for speed on the CPU.

The revisions R2 and sound of the runner, its other settings at their defaults. What is spared: softplus is
taken once for an entry of the likelihood, constants of the data (log1p of the inputs, lgamma(x + 1), zeros of
the cells) are made before the steps, keys and values are one product. `attention` is "sdpa" (one fused call) or
"explicit"; `counts` is "dense", or "sparse": lgamma(x + theta) - lgamma(theta) at the counts above 0 alone.
"""
import math

import torch
import torch.nn.functional as F

SETTINGS = {
    "R2": dict(hidden=64, latent=20, heads=4, lr=1e-3, eps=0.01, weight=5.0, tau=1.0, kl=0.2, sound=False),
    "sound": dict(hidden=128, latent=32, heads=4, lr=3e-3, eps=1e-8, weight=0.1, tau=0.5, kl=0.7, sound=True),
}
DROPOUT, WEIGHT_DECAY = 0.2, 1e-6



def norm(x, state, eps, momentum):
    return F.batch_norm(x, state.running_mean, state.running_var, state.weight, state.bias, True, momentum, eps)


class Network(torch.nn.Module):
    def __init__(self, revision, genes, attention):
        super().__init__()
        s = self.s = SETTINGS[revision]
        self.attention = attention
        h, sides = s["hidden"], 2 if s["sound"] else 1
        linear, batch_norm = torch.nn.Linear, torch.nn.BatchNorm1d
        self.encoder = torch.nn.ModuleList(linear(genes, h) for _ in range(2))
        self.encoder_norm = torch.nn.ModuleList(batch_norm(h) for _ in range(2))
        self.query = torch.nn.ModuleList(linear(h, h) for _ in range(sides))
        self.key_value = torch.nn.ModuleList(linear(h, 2 * h) for _ in range(sides))
        self.out = torch.nn.ModuleList(linear(h, h) for _ in range(sides))
        self.block = linear(h, h)
        self.block_norm = torch.nn.ModuleList(batch_norm(h) for _ in range(sides))
        kind, places = (torch.nn.LayerNorm, 4) if s["sound"] else (batch_norm, 1)
        self.norms = torch.nn.ModuleList(kind(h) for _ in range(places))
        self.latent = linear(h, 2 * s["latent"])  # mean and log variance in one product
        self.rate = linear(s["latent"], genes)
        self.zero = linear(s["latent"], genes)
        self.log_theta = torch.nn.Parameter(torch.zeros(genes) if s["sound"] else torch.randn(genes, 2))
        self.offset = torch.nn.Parameter(torch.zeros(1)) if s["sound"] else None

    def embed(self, m, x):
        x = norm(self.encoder[m](x), self.encoder_norm[m], 1e-3, 0.01)
        return F.dropout(F.relu_(x), DROPOUT)

    def attend(self, m, x, memory):
        side, heads = (m if self.s["sound"] else 0), self.s["heads"]
        split = lambda t: t.view(t.shape[0], heads, -1).transpose(0, 1)
        q, (k, v) = split(self.query[side](x)), map(split, self.key_value[side](memory).chunk(2, dim=1))
        if self.attention == "sdpa":
            out = F.scaled_dot_product_attention(q[None], k[None], v[None])[0]
        else:
            out = torch.softmax(q @ k.transpose(1, 2) / math.sqrt(q.shape[2]), dim=2) @ v
        return self.out[side](out.transpose(0, 1).reshape(x.shape))

    def posterior(self, m, x, keys):
        embedded = self.embed(m, x)
        attended = self.attend(m, embedded, self.embed(1 - m, keys))
        if self.s["sound"]:
            first, second = self.norms[2 * m], self.norms[2 * m + 1]
        else:
            first = second = lambda t: norm(t, self.norms[0], 1e-5, 0.1)
        h = first(embedded + attended)
        block = norm(self.block(h), self.block_norm[m if self.s["sound"] else 0], 1e-3, 0.01)
        h = second(h + F.dropout(F.relu_(block), DROPOUT))
        return self.latent(h).chunk(2, dim=1)

    def dispersion(self, m):
        if not self.s["sound"]:
            return self.log_theta[:, m]
        return self.log_theta if m == 0 else self.log_theta + self.offset


class Side:
    """The rows of cells (number 0) or spots (1) of a data set: counts and what follows from them."""

    def __init__(self, number, counts):
        self.number, self.counts = number, counts
        self.inputs = torch.log1p(counts)
        self.constant = torch.lgamma(counts + 1).sum(1)
        self.library = torch.log(counts.sum(1, keepdim=True))


def excess(x, theta, how):
    """Sum of lgamma(x + theta) - lgamma(theta)."""
    if how == "dense":
        return torch.lgamma(x + theta).sum() - x.shape[0] * torch.lgamma(theta).sum()
    rows, genes = x.nonzero(as_tuple=True)
    return (torch.lgamma(x[rows, genes] + theta[genes]) - torch.lgamma(theta)[genes]).sum()


def count_loss(network, m, side, rows, z, how):
    x, r = side.counts[rows], network.dispersion(m)
    theta = torch.exp(r)
    u_r = side.library[rows] + torch.log_softmax(network.rate(z), dim=1) - r
    softplus = F.softplus(u_r)
    positive = excess(x, theta, how) - side.constant[rows].sum()
    if m == 1:  # negative binomial
        return -(positive + (x * u_r - (x + theta) * softplus).sum())
    zeta, none = network.zero(z), -theta * softplus
    zero = F.softplus(none - zeta)
    return -(positive + torch.where(x == 0, zero, none + x * (u_r - softplus) - zeta).sum() - F.softplus(-zeta).sum())


def contrast(z, positives, s, by_cells):
    m = F.normalize(z[0], eps=1e-8) @ F.normalize(z[1], eps=1e-8).T
    if not by_cells:
        m, positives = m.T, positives.T
    n_positive = positives.sum(1)
    n_others = positives.shape[1] - n_positive
    m = m if s["tau"] == 1 else m / s["tau"]
    if not s["sound"]:
        return ((m * ~positives).exp().sum(1).log() / n_others - (m * positives).sum(1)).mean()
    others = torch.logsumexp(m.masked_fill(positives, -math.inf), dim=1) - n_others.log()
    return torch.where((n_positive > 0) & (n_others > 0), n_positive * others - (m * positives).sum(1), 0.0).mean()


class Step:
    """Optimiser steps of a network on two sides."""

    def __init__(self, revision, cells, spots, adam, attention="sdpa", counts="dense"):
        self.sides, self.how = (cells, spots), counts
        self.network = Network(revision, cells.counts.shape[1], attention)
        s = self.network.s
        self.optimizer = torch.optim.Adam(self.network.parameters(), s["lr"], eps=s["eps"],
                                          weight_decay=WEIGHT_DECAY, **adam)

    def loss(self, rows, keys, positives, by_cells):
        """`rows` and `keys`: of cells and of spots, the keys for each; `positives`: (cells, spots), boolean."""
        s, total, z = self.network.s, 0, []
        for m, side in enumerate(self.sides):
            mean, spread = self.network.posterior(m, side.inputs[rows[m]], self.sides[1 - m].inputs[keys[m]])
            z.append(mean + torch.exp(0.5 * spread) * torch.randn_like(mean))
            divergence = 0.5 * (torch.exp(spread) + mean * mean - 1 - spread).sum()
            total = total + count_loss(self.network, m, side, rows[m], z[m], self.how) + s["kl"] * divergence
        return total / (len(rows[0]) + len(rows[1])) + s["weight"] * contrast(z, positives, s, by_cells)

    def __call__(self, rows, keys, positives, by_cells):
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss(rows, keys, positives, by_cells)
        loss.backward()
        self.optimizer.step()
        return loss
