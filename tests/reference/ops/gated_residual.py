"""A branch gated per group of rows, added to its residual: PyTorch in float64."""
import torch

PACKAGES = ["torch"]
GROUPS, PER_GROUP, WIDTH = 3, 4, 5


def arrays():
    torch.manual_seed(8)
    residual, branch = (torch.randn(GROUPS * PER_GROUP, WIDTH, dtype=torch.float64, requires_grad=True)
                        for _ in range(2))
    gates = torch.randn(GROUPS, 3 * WIDTH, dtype=torch.float64, requires_grad=True)  # the middle third is the gate
    y = residual + gates[:, WIDTH:2 * WIDTH].repeat_interleave(PER_GROUP, 0) * branch
    grad_y = torch.randn_like(y)
    y.backward(grad_y)
    named = {"residual": residual, "branch": branch, "gates": gates}
    return ({n: t.detach() for n, t in named.items()} | {"y": y.detach(), "grad_y": grad_y} |
            {f"grad_{n}": t.grad for n, t in named.items()})
