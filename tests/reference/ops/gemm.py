"""A product of two matrices and its gradients: PyTorch in float64."""
import torch

PACKAGES = ["torch"]


def arrays():
    torch.manual_seed(12)
    a, b = (torch.randn(*shape, dtype=torch.float64).requires_grad_() for shape in ((5, 7), (7, 3)))
    grad_y = torch.randn(5, 3, dtype=torch.float64)
    y = a @ b
    y.backward(grad_y)
    return {"a": a.detach(), "b": b.detach(), "grad_y": grad_y, "y": y.detach(), "grad_a": a.grad, "grad_b": b.grad}
