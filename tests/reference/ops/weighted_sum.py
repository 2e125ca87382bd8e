"""A weighted sum and its gradient: PyTorch in float64."""
import torch

PACKAGES = ["torch"]


def arrays():
    torch.manual_seed(22)
    values = torch.randn(11, dtype=torch.float64, requires_grad=True)
    weights, grad_y = torch.rand(11, dtype=torch.float64), torch.randn(1, dtype=torch.float64)
    y = 0.25 * torch.dot(weights, values)
    y.backward(grad_y[0])
    return {"values": values.detach(), "weights": weights, "grad_y": grad_y, "y": y.detach(), "grad_values": values.grad}
