#!/usr/bin/env python3
"""Makes tests/golden/models/casper_*.safetensors: one tiny CASPER, in float64 and in float32.

Usage: casper_golden.py [OUTPUT_FOLDER]

Each file holds `param.NAME`, `input.x`, `input.y`, `input.centroids`, `output.prediction`,
`output.attention` (head mean), `output.loss`, `grad.NAME`, and `adam3.NAME`: the weights after three
full-batch Adam steps (learning rate 1e-3, coupled weight decay 1e-5, betas 0.9 and 0.999, eps 1e-8).
Dropout is 0. The file's metadata hold the dimensions and the versions.
"""
import pathlib
import sys

import safetensors
import safetensors.torch
import torch

from casper_pytorch import Casper, parameters

CASES = {  # name: spots, inputs, targets, genes, clusters, d, hidden, heads
    "two_heads": (6, 7, 5, 12, 4, 8, 16, 2),
    "one_head": (5, 9, 3, 12, 1, 6, 10, 1),
    "three_heads": (33, 4, 17, 21, 9, 12, 11, 3),
}


def make(case, dtype):
    n_spots, n_inputs, n_targets, n_genes, n_clusters, d, hidden, n_heads = case
    generator = torch.Generator().manual_seed(7)

    def draw(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    model = Casper(n_inputs, n_genes, n_targets, d, hidden, n_heads, dropout=0.0).double()
    with torch.no_grad():
        for name, p in parameters(model).items():
            p.copy_(draw(*p.shape) * 0.4 + (1.0 if name == "norm.gain" else 0.0))
    model = model.to(dtype)
    x = draw(n_spots, n_inputs).abs().to(dtype)
    y = draw(n_spots, n_targets).abs().to(dtype)
    centroids = draw(n_clusters, n_genes).abs().to(dtype)

    result = {"input.x": x, "input.y": y, "input.centroids": centroids}
    result |= {f"param.{name}": p.detach().clone() for name, p in parameters(model).items()}
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=1e-5)
    for step in range(3):
        prediction, weights = model(x, centroids)
        loss = ((prediction - y) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        if step == 0:
            check_against_library(model, x, centroids)
            result |= {"output.prediction": prediction.detach(),
                       "output.attention": weights.mean(0).detach(),
                       "output.loss": loss.detach().reshape(1)}
            result |= {f"grad.{n}": p.grad.clone() for n, p in parameters(model).items()}
        optimizer.step()
    return result | {f"adam3.{n}": p.detach().clone() for n, p in parameters(model).items()}


def check_against_library(model, x, centroids):
    query = torch.randn(len(x), model.norm.normalized_shape[0], dtype=x.dtype)
    tokens = model.sc2(torch.nn.functional.gelu(model.sc1(centroids)))
    mine, theirs = model.attend(query, tokens), model.attend_by_library(query, tokens)
    torch.testing.assert_close(mine[0], theirs[0])
    torch.testing.assert_close(mine[1].mean(0), theirs[1])


def main():
    default = pathlib.Path(__file__).resolve().parent.parent / "golden" / "models"
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
    folder.mkdir(parents=True, exist_ok=True)
    names = ("n_spots", "n_inputs", "n_targets", "n_genes", "n_clusters", "d", "hidden", "n_heads")
    for name, case in CASES.items():
        metadata = {key: str(value) for key, value in zip(names, case)}
        metadata["made_with"] = f"torch {torch.__version__}, safetensors {safetensors.__version__}"
        for short, dtype in (("f64", torch.float64), ("f32", torch.float32)):
            path = folder / f"casper_{name}_{short}.safetensors"
            tensors = {key: value.contiguous() for key, value in make(case, dtype).items()}
            safetensors.torch.save_file(tensors, path, metadata)
            print(f"{path.name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
