"""Graph attention written with PyTorch's scatter operations, in float64."""
import torch

PACKAGES = ["torch"]


def gat(h, a_src, a_dst, source, destination, slope):
    """h (nodes, heads, dim), a_src and a_dst (heads, dim), edges source -> destination."""
    score = torch.nn.functional.leaky_relu((h * a_src).sum(-1)[source] + (h * a_dst).sum(-1)[destination], slope)
    largest = torch.full((h.shape[0], h.shape[1]), -torch.inf, dtype=h.dtype)
    index = destination[:, None].expand_as(score)
    largest = largest.scatter_reduce(0, index, score.detach(), "amax")
    share = torch.exp(score - largest[destination])
    total = torch.zeros_like(largest).index_add(0, destination, share)
    weight = share / total[destination]
    return torch.zeros_like(h).index_add(0, destination, weight[..., None] * h[source])


def arrays():
    torch.manual_seed(2)
    nodes, heads, dim = 12, 2, 4
    adjacency = torch.rand(nodes, nodes) < 0.35
    adjacency[5] = False
    destination, source = adjacency.nonzero(as_tuple=True)
    draw = lambda *shape: torch.randn(*shape, dtype=torch.float64).requires_grad_()
    h, a_src, a_dst = draw(nodes, heads, dim), draw(heads, dim), draw(heads, dim)
    grad_out = torch.randn(nodes, heads, dim, dtype=torch.float64)
    out = gat(h, a_src, a_dst, source, destination, 0.1)
    out.backward(grad_out)
    indptr = torch.cat([torch.zeros(1, dtype=torch.int64), adjacency.sum(1).cumsum(0)])
    flat = lambda x: x.detach().reshape(nodes, -1)
    return {
        "indptr": indptr, "indices": source, "h": flat(h), "a_src": a_src.detach(), "a_dst": a_dst.detach(),
        "grad_out": flat(grad_out), "out": flat(out), "grad_h": flat(h.grad), "grad_a_src": a_src.grad,
        "grad_a_dst": a_dst.grad,
    }
