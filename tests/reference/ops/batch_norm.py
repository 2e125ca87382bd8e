"""Batch norm of PyTorch in float64: two training steps, the running statistics, and evaluation."""
import torch

PACKAGES = ["torch"]


def arrays():
    torch.manual_seed(3)
    rows, width, eps, momentum = 7, 5, 1e-3, 0.3
    layer = torch.nn.BatchNorm1d(width, eps=eps, momentum=momentum, dtype=torch.float64)
    layer.weight.data = torch.rand(width, dtype=torch.float64) + 0.5
    layer.bias.data = torch.randn(width, dtype=torch.float64)
    out = {"gain": layer.weight.data, "shift": layer.bias.data, "eps_momentum": [eps, momentum]}
    for step in ("first", "second"):
        x = (3 * torch.randn(rows, width, dtype=torch.float64) + 2).requires_grad_()
        seed = torch.randn(rows, width, dtype=torch.float64)
        y = torch.relu(layer(x))
        layer.zero_grad()
        y.backward(seed)
        out |= {f"{step}_x": x.detach(), f"{step}_grad_y": seed, f"{step}_y": y.detach(),
                f"{step}_grad_x": x.grad, f"{step}_grad_gain": layer.weight.grad.clone(),
                f"{step}_grad_shift": layer.bias.grad.clone(),
                f"{step}_running_mean": layer.running_mean.clone(),
                f"{step}_running_var": layer.running_var.clone()}
    layer.eval()
    out["evaluated"] = layer(out["first_x"]).detach()
    return out
