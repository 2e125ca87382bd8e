"""Attention of all rows to the same keys, with the mean weights, and gradients: PyTorch in float64."""
import torch

PACKAGES = ["torch"]


def arrays():
    torch.manual_seed(20)
    rows, keys, heads, dim = 6, 5, 2, 4
    make = lambda n: torch.randn(n, heads * dim, dtype=torch.float64).requires_grad_()
    q, k, v = make(rows), make(keys), make(keys)
    split = lambda x: x.view(-1, heads, dim).transpose(0, 1)
    out = torch.nn.functional.scaled_dot_product_attention(split(q), split(k), split(v))
    out = out.transpose(0, 1).reshape(rows, heads * dim)
    weights = torch.softmax(split(q) @ split(k).transpose(1, 2) / dim**0.5, -1).mean(0)
    grad_out, grad_weights = torch.randn_like(out), torch.randn_like(weights)
    torch.autograd.backward([out, weights], [grad_out, grad_weights])
    return {"q": q.detach(), "k": k.detach(), "v": v.detach(), "grad_out": grad_out, "grad_weights": grad_weights,
            "out": out.detach(), "weights": weights.detach(), "grad_q": q.grad, "grad_k": k.grad, "grad_v": v.grad}
