"""Batched products of PyTorch in float64: one weight per patch, and an ordinary batch."""
import torch

PACKAGES = ["torch"]


def arrays():
    torch.manual_seed(8)
    make = lambda *shape: torch.randn(*shape, dtype=torch.float64)
    patches, weights, right = make(4, 3, 5), make(3, 2, 5), make(3, 5, 4)
    flat = lambda t: t.reshape(-1, t.shape[-1])
    return {"patches": flat(patches), "weights": flat(weights), "right": flat(right),
            "embedded": flat(torch.einsum("blp,ldp->bld", patches, weights)),
            "product": flat(torch.bmm(weights, right))}
