"""Mean over columns of one minus numpy's correlation, all rows, or masked as in SpotDiff; gradients by PyTorch."""
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
    # Columns 0 to 3 have rows enough; the target of 3 hardly varies, that of 2 little beside eps.
    share = torch.tensor([0.8, 0.7, 0.9, 0.9, 0.2, 0.0], dtype=torch.float64)
    mask = (torch.rand(15, 6, dtype=torch.float64) < share).double()
    faint = target * torch.tensor([1, 1, 0.03, 1e-5, 1, 1], dtype=torch.float64)
    masked = prediction.detach().clone().requires_grad_()
    terms, genes = [], []
    for j in range(6):
        rows = mask[:, j] > 0
        if rows.sum() < 8 or faint[rows, j].var(unbiased=False) <= 1e-8:
            continue
        a, b = masked[rows, j], faint[rows, j]
        covariance = ((a - a.mean()) * (b - b.mean())).mean()
        terms.append(1 - covariance / (a.std(unbiased=False) * b.std(unbiased=False) + 1e-3))
        genes.append(j)
    assert genes == [0, 1, 2]
    torch.stack(terms).mean().backward()
    return {"mask": mask.numpy(), "faint": faint.numpy(), "masked_loss": torch.stack(terms).mean().item(),
            "masked_grad": masked.grad.numpy(),
            "prediction": values, "target": target.numpy(), "loss": direct, "grad": prediction.grad.numpy()}
