"""A DiT block with cross-attention in PyTorch, float64: output and gradients of its inputs."""
import torch
import torch.nn.functional as F

PACKAGES = ["torch"]


def arrays():
    torch.manual_seed(11)
    batch, tokens, memory_tokens, width, heads, ratio = 2, 3, 4, 8, 2, 2
    make = lambda *shape: 0.4 * torch.randn(*shape, dtype=torch.float64)
    shapes = {"ada": (6 * width, width), "qkv": (3 * width, width), "out": (width, width),
              "cross_query": (width, width), "cross_memory": (2 * width, width),
              "cross_out": (width, width), "mlp_in": (ratio * width, width),
              "mlp_out": (width, ratio * width)}
    p = {}
    for name, shape in shapes.items():
        p |= {f"{name}.weight": make(*shape), f"{name}.bias": make(shape[0])}
    z, c, memory = (make(n, width).requires_grad_()
                    for n in (batch * tokens, batch, batch * memory_tokens))
    linear = lambda name, x: F.linear(x, p[f"{name}.weight"], p[f"{name}.bias"])
    norm = lambda x: F.layer_norm(x, (width,), eps=1e-6)
    split = lambda x: x.reshape(batch, -1, heads, width // heads).transpose(1, 2)
    join = lambda x: x.transpose(1, 2).reshape(-1, width)

    sh1, sc1, ga1, sh2, sc2, ga2 = (m.repeat_interleave(tokens, 0)
                                    for m in linear("ada", F.silu(c)).chunk(6, dim=1))
    y = z
    q, k, v = linear("qkv", norm(y) * (1 + sc1) + sh1).chunk(3, dim=1)
    y = y + ga1 * linear("out", join(F.scaled_dot_product_attention(split(q), split(k), split(v))))
    k, v = linear("cross_memory", memory).chunk(2, dim=1)
    q = linear("cross_query", norm(y))
    y = y + linear("cross_out", join(F.scaled_dot_product_attention(split(q), split(k), split(v))))
    h = F.gelu(linear("mlp_in", norm(y) * (1 + sc2) + sh2), approximate="tanh")
    y = y + ga2 * linear("mlp_out", h)
    weight = make(batch * tokens, width)
    grads = torch.autograd.grad((y * weight).sum(), (z, c, memory))
    return p | {"z": z.detach(), "c": c.detach(), "memory": memory.detach(), "y": y.detach(),
                "grad_y": weight, "grad_z": grads[0], "grad_c": grads[1], "grad_memory": grads[2]}
