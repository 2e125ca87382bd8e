"""CASPER in PyTorch: the judge of the C++ model. Keys and values are projected once per step.

Shapes: x (n_spots, n_inputs), centroids (n_clusters, n_genes), result (n_spots, n_targets) and
attention (n_spots, n_clusters), the mean over the heads.
"""
import torch
from torch import nn
from torch.nn import functional as F


class Casper(nn.Module):
    def __init__(self, n_inputs, n_genes, n_targets, d=256, hidden=512, n_heads=2, dropout=0.1):
        super().__init__()
        self.st1, self.st2 = nn.Linear(n_inputs, hidden), nn.Linear(hidden, d)
        self.sc1, self.sc2 = nn.Linear(n_genes, hidden), nn.Linear(hidden, d)
        self.attn = nn.MultiheadAttention(d, n_heads, dropout=dropout, batch_first=True)
        self.norm = nn.LayerNorm(d)
        self.out = nn.Linear(d, n_targets)
        self.n_heads, self.dropout = n_heads, dropout

    def drop(self, x):
        return F.dropout(x, self.dropout, self.training)

    def attend(self, query, tokens):
        """Attention written out, so that the n_clusters tokens are projected once, not per spot."""
        d, heads = query.shape[1], self.n_heads
        wq, wk, wv = self.attn.in_proj_weight.chunk(3)
        bq, bk, bv = self.attn.in_proj_bias.chunk(3)

        def split(x):  # (rows, d) -> (heads, rows, d / heads)
            return x.view(-1, heads, d // heads).transpose(0, 1)

        q = split(F.linear(query, wq, bq))
        k, v = split(F.linear(tokens, wk, bk)), split(F.linear(tokens, wv, bv))
        weights = torch.softmax(q @ k.transpose(1, 2) * (d // heads) ** -0.5, -1)
        weights = self.drop(weights)
        mixed = (weights @ v).transpose(0, 1).reshape(-1, d)
        return self.attn.out_proj(mixed), weights

    def forward(self, x, centroids):
        query = self.st2(self.drop(F.gelu(self.st1(x))))
        tokens = self.sc2(self.drop(F.gelu(self.sc1(centroids))))
        mixed, weights = self.attend(query, tokens)
        return self.out(self.norm(query + self.drop(mixed))), weights

    def attend_by_library(self, query, tokens):
        """The same through nn.MultiheadAttention: spots are the query sequence of one batch."""
        mixed, weights = self.attn(query[None], tokens[None], tokens[None])
        return mixed[0], weights[0]


RENAMED = {"attn.in_proj_weight": "attn.in_proj.weight", "attn.in_proj_bias": "attn.in_proj.bias",
           "norm.weight": "norm.gain", "norm.bias": "norm.shift"}


def parameters(model):
    """The parameters under the names that the C++ model writes."""
    return {RENAMED.get(name, name): p for name, p in model.named_parameters()}
