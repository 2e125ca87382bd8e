"""Matrices side by side and their gradients: torch.cat in float64."""
import torch

PACKAGES = ["torch"]


def arrays():
    torch.manual_seed(15)
    a, b = (torch.randn(4, cols, dtype=torch.float64).requires_grad_() for cols in (3, 5))
    grad_y = torch.randn(4, 8, dtype=torch.float64)
    y = torch.cat([a, b], dim=1)
    y.backward(grad_y)
    return {"a": a.detach(), "b": b.detach(), "grad_y": grad_y, "y": y.detach(), "grad_a": a.grad, "grad_b": b.grad}
