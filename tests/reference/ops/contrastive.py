"""Contrastive losses over cosine similarities, by PyTorch."""
import torch

PACKAGES = ("torch",)


def arrays():
    torch.manual_seed(0)
    first, second = (torch.randn(n, 5, dtype=torch.float64) for n in (7, 9))
    positive = torch.rand(7, 9) < 0.3
    positive[torch.arange(7), torch.arange(7)] = True
    out = {"first": first, "second": second, "positive": positive.double()}
    out["distance"] = distance = torch.nn.functional.softplus(2 * torch.rand(7, 9, dtype=torch.float64) - 1)
    for name in ("exclude", "include", "r2", "global", "r1"):
        a, b = first.clone().requires_grad_(), second.clone().requires_grad_()
        m = torch.nn.functional.cosine_similarity(a[:, None], b[None], dim=2) / (1 if name in ("r1", "r2") else 0.2)
        pull = (m * positive).sum(1)
        others = (~positive).sum(1)
        if name == "exclude":
            push = positive.sum(1) * torch.log((m.exp() * ~positive).sum(1) / others)
        elif name == "include":
            push = positive.sum(1) * torch.log(m.exp().mean(1))
        elif name == "global":
            push = positive.sum(1) * torch.log(m[~positive].exp().mean())
        elif name == "r1":
            weight = torch.softmax(~positive / distance, 1)
            pull = (m * positive / distance).sum(1)
            push = positive.sum(1) * torch.logsumexp(m * weight, 1)
        else:
            push = torch.logsumexp(m * ~positive, 1) / others
        loss = (push - pull).mean()
        loss.backward()
        out |= {f"{name}_loss": loss.detach(), f"{name}_grad_first": a.grad, f"{name}_grad_second": b.grad}
    return {k: v.numpy() for k, v in out.items()}
