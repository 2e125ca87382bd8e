"""torch.nn.utils.clip_grad_norm_ on one gradient vector, clipped and not."""
import torch

PACKAGES = ["torch"]


def arrays():
    torch.manual_seed(3)
    gradient = torch.randn(50, dtype=torch.float64)
    found = {"gradient": gradient.numpy()}
    for name, most in (("clipped", 1.5), ("kept", 100.0)):
        parameter = torch.zeros(50, dtype=torch.float64, requires_grad=True)
        parameter.grad = gradient.clone()
        found["norm_" + name] = torch.nn.utils.clip_grad_norm_([parameter], most).item()
        found[name] = parameter.grad.numpy()
    return found
