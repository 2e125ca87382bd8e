"""Every activation of PyTorch in float64, with its derivative."""
import torch
import torch.nn.functional as F

PACKAGES = ["torch"]


def arrays():
    x = torch.cat([torch.linspace(-9, 9, 37), torch.tensor([-30.0, 30.0, 1e-6])]).double()
    out = {"x": x}
    functions = {"gelu": F.gelu, "relu": F.relu, "gelu_tanh": lambda v: F.gelu(v, approximate="tanh"),
                 "silu": F.silu, "softplus": lambda v: F.softplus(v, threshold=1000)}
    for name, function in functions.items():
        leaf = x.clone().requires_grad_()
        y = function(leaf)
        y.sum().backward()
        out |= {name: y.detach(), f"{name}_grad": leaf.grad}
    return out
