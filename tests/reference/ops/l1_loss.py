"""Sum of absolute errors and its gradient, by PyTorch."""
import torch

PACKAGES = ("torch",)


def arrays():
    torch.manual_seed(0)
    y, target = (torch.randn(9, 5, dtype=torch.float64) for _ in range(2))
    target[3, 2], target[8] = y[3, 2], y[8]  # equal: gradient 0
    y.requires_grad_()
    loss = 0.75 * torch.nn.functional.l1_loss(y, target, reduction="sum")
    loss.backward()
    return {"y": y.detach().numpy(), "target": target.numpy(), "loss": loss.detach().reshape(1, 1).numpy(),
            "grad_y": y.grad.numpy()}
