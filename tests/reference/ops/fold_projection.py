"""Attention's projections moved to the side of the keys and values: PyTorch in float64."""
import torch

PACKAGES = ["torch"]
N, WIDTH, HEADS, COLUMNS = 5, 12, 3, 7


def arrays():
    torch.manual_seed(9)
    x = torch.randn(N, WIDTH, dtype=torch.float64)
    inward, outward = torch.randn(WIDTH, COLUMNS, dtype=torch.float64), torch.randn(COLUMNS, WIDTH, dtype=torch.float64)
    heads = (HEADS, WIDTH // HEADS)
    cases = {"keys": (inward, lambda x, w: torch.einsum("nhd,hdj->hnj", x.reshape(N, *heads), w.reshape(*heads, COLUMNS))
                      .reshape(HEADS * N, COLUMNS)),
             "values": (outward, lambda x, w: torch.einsum("nhd,jhd->jhn", x.reshape(N, *heads), w.reshape(COLUMNS, *heads))
                        .reshape(COLUMNS, HEADS * N))}
    grad = torch.randn(COLUMNS * HEADS * N, dtype=torch.float64)
    out = {"x": x, "inward": inward, "outward": outward, "grad_y": grad}
    for name, (weight, fold) in cases.items():
        a, w = x.clone().requires_grad_(), weight.clone().requires_grad_()
        y = fold(a, w)
        y.backward(grad.reshape(y.shape))
        which = "inward" if name == "keys" else "outward"
        out |= {f"{name}_y": y.detach(), f"{name}_grad_x": a.grad, f"{name}_grad_{which}": w.grad}
    return out
