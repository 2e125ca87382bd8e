"""Mean squared error, of all entries and of masked ones, and its gradient: PyTorch in float64."""
import torch

PACKAGES = ["torch"]


def arrays():
    torch.manual_seed(13)
    x = torch.randn(6, 5, dtype=torch.float64, requires_grad=True)
    target = torch.randn(6, 5, dtype=torch.float64)
    mask = (torch.rand(6, 5) < 0.4).double()
    grad_y = torch.randn(1, dtype=torch.float64)
    out = {"x": x.detach(), "target": target, "mask": mask, "grad_y": grad_y}
    chosen = mask.bool()
    for name, loss in (("all_", torch.nn.functional.mse_loss(x, target)),
                       ("masked_", torch.nn.functional.mse_loss(x[chosen], target[chosen]))):
        out[name + "y"] = 0.25 * loss.detach()
        out[name + "grad_x"], = torch.autograd.grad(0.25 * loss, x, grad_y[0])
    return out
