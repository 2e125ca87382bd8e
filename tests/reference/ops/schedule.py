"""Learning rates of PyTorch's schedulers, update by update."""
import torch

PACKAGES = ["torch"]


def rates(make, updates):
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.05)
    scheduler = make(optimiser)
    found = []
    for _ in range(updates):
        found.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        scheduler.step()
    return found


def arrays():
    lr = torch.optim.lr_scheduler
    return {
        "cosine": rates(lambda o: lr.CosineAnnealingLR(o, T_max=40, eta_min=0.001), 40),
        "steps": rates(lambda o: lr.StepLR(o, step_size=7, gamma=0.3), 40),
        "linear": rates(lambda o: lr.LinearLR(o, start_factor=1.0, end_factor=0.2, total_iters=30), 40),
        "warm_up": rates(lambda o: lr.LambdaLR(o, lambda done: min(1.0, (done + 1) / 12)), 40),
    }
