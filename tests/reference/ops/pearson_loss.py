"""Mean over columns of one minus numpy's correlation; gradient by PyTorch."""
import numpy as np
import torch

PACKAGES = ("numpy", "torch")


def arrays():
    torch.manual_seed(0)
    target = torch.randn(15, 6, dtype=torch.float64)
    prediction = (torch.randn(15, 6, dtype=torch.float64) + 0.7 * target).requires_grad_()
    p, t = prediction - prediction.mean(0), target - target.mean(0)
    loss = (1 - (p * t).sum(0) / (p.norm(dim=0) * t.norm(dim=0))).mean()
    loss.backward()
    values = prediction.detach().numpy()
    direct = np.mean([1 - np.corrcoef(values[:, j], target.numpy()[:, j])[0, 1] for j in range(6)])
    assert abs(direct - loss.item()) < 1e-14
    return {"prediction": values, "target": target.numpy(), "loss": direct, "grad": prediction.grad.numpy()}
