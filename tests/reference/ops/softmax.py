"""Softmax and its gradient: PyTorch."""
import torch

PACKAGES = ["torch"]


def arrays():
    torch.manual_seed(3)
    x = torch.randn(7, 33, dtype=torch.float64, requires_grad=True)
    grad_y = torch.randn_like(x)
    y = torch.softmax(0.7 * x, dim=1)
    y.backward(grad_y)
    return {"x": x.detach(), "grad_y": grad_y, "y": y.detach(), "grad_x": x.grad}
