"""The forward process in PyTorch, linear schedule."""
import torch

PACKAGES = ["torch"]


def arrays():
    torch.manual_seed(2)
    times = torch.tensor([0, 999, 250, 500, 750])
    bar = torch.cumprod(1 - torch.linspace(1e-4, 0.02, 1000, dtype=torch.float64), 0)
    x0, eps = (torch.randn(5, 7).double() for _ in range(2))
    level = bar[times].unsqueeze(1)
    return {"times": times.numpy(), "x0": x0.numpy(), "eps": eps.numpy(),
            "xt": (level.sqrt() * x0 + (1 - level).sqrt() * eps).numpy()}
