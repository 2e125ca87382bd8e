"""Gated activations and their gradients in PyTorch."""
import torch
import torch.nn.functional as F

PACKAGES = ["torch"]


def arrays():
    torch.manual_seed(6)
    x = (2 * torch.randn(4, 10, dtype=torch.float64)).requires_grad_()
    weight = torch.randn(4, 5, dtype=torch.float64)
    found = {"x": x.detach().numpy(), "weight": weight.numpy()}
    for name, act in (("gelu_tanh", lambda v: F.gelu(v, approximate="tanh")), ("silu", F.silu), ("gelu", F.gelu),
                      ("relu", F.relu)):
        y = act(x[:, :5]) * x[:, 5:]
        found[name] = y.detach().numpy()
        found[name + ".grad"] = torch.autograd.grad((y * weight).sum(), x)[0].numpy()
    return found
