"""Terms of the loss of DCAVAE by their definitions, for dcavae_golden.py."""
import torch
import torch.nn.functional as F


def log_likelihood(x, u, r, zeta=None):
    theta = torch.exp(r)
    no_count = -theta * F.softplus(u - r)
    nb = (torch.lgamma(x + theta) - torch.lgamma(theta) - torch.lgamma(x + 1) + no_count - x * F.softplus(r - u))
    if zeta is None:
        return nb
    return torch.where(x == 0, F.softplus(no_count - zeta) - F.softplus(-zeta), nb - F.softplus(zeta))


def contrast(z_cells, z_spots, positives, case, distances=None):
    unit = [z / z.norm(dim=1, keepdim=True).clamp_min(1e-8) for z in (z_cells, z_spots)]
    m = unit[0] @ unit[1].T / case["tau"]
    if case["anchors"] == "spots":
        m, positives = m.T, positives.T
    others = 1 - positives
    if case["contrast"] == "r1":  # anchors are cells; `distances` are above 0
        weights = torch.softmax(others / distances, dim=1)
        pulled = -(positives * m / distances).sum(1)
        return (pulled + positives.sum(1) * torch.log(torch.exp(weights * m).sum(1))).mean()
    pulled = -(positives * m).sum(1)
    if case["contrast"] == "r2":
        return (pulled + torch.log(torch.exp(m * others).sum(1)) / others.sum(1)).mean()
    if case["contrast"] == "global":
        return (pulled + positives.sum(1) * torch.log(torch.exp(m)[positives == 0].mean())).mean()
    silent = (positives.sum(1) == 0) | (others.sum(1) == 0)
    mean = (torch.exp(m) * others).sum(1) / others.sum(1).clamp_min(1)
    pushed = positives.sum(1) * torch.log(torch.where(silent, torch.ones_like(mean), mean))
    return torch.where(silent, torch.zeros_like(pulled), pulled + pushed).mean()
