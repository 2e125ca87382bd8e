"""Attention with a bias and lengths, from PyTorch in float64."""
import torch

PACKAGES = ["torch"]


def arrays():
    torch.manual_seed(0)
    batch, heads, queries, keys, dim, scale = 2, 2, 5, 7, 8, 0.5

    def draw(*shape):
        return torch.randn(*shape, dtype=torch.float64).requires_grad_()

    q, k, v = draw(batch * queries, heads * dim), draw(batch * keys, heads * dim), draw(batch * keys, heads * dim)
    bias = draw(heads, queries, keys)
    lengths = torch.tensor([4, 7])
    grad_out = torch.randn(batch * queries, heads * dim, dtype=torch.float64)

    def split(x):
        return x.view(batch, -1, heads, dim).transpose(1, 2)

    exists = torch.arange(keys) < lengths[:, None]
    mask = bias[None].masked_fill(~exists[:, None, None, :], -torch.inf)
    out = torch.nn.functional.scaled_dot_product_attention(split(q), split(k), split(v), mask, scale=scale)
    out = out.transpose(1, 2).reshape(batch * queries, heads * dim)
    out.backward(grad_out)
    return {
        "q": q.detach(), "k": k.detach(), "v": v.detach(), "bias": bias.detach().reshape(heads * queries, keys),
        "grad_out": grad_out, "out": out.detach(), "grad_q": q.grad, "grad_k": k.grad, "grad_v": v.grad,
        "grad_bias": bias.grad.reshape(heads * queries, keys),
    }
