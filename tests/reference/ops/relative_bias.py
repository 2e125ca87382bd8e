"""T5's relative position bias and the gradient of its table: PyTorch in float64, buckets as T5 defines them."""
import math

import torch

PACKAGES = ["torch"]
BUCKETS, MAX_DISTANCE, LENGTH, HEADS = 8, 20, 13, 2


def bucket(after):
    half = BUCKETS // 2
    exact, m = half // 2, abs(after)
    if m >= exact:
        m = min(half - 1, exact + int(math.log(m / exact) / math.log(MAX_DISTANCE / exact) * (half - exact)))
    return m + (half if after > 0 else 0)


def arrays():
    torch.manual_seed(17)
    table = torch.randn(BUCKETS, HEADS, dtype=torch.float64, requires_grad=True)
    places = torch.tensor([[bucket(j - i) for j in range(LENGTH)] for i in range(LENGTH)])
    grad_y = torch.randn(HEADS, LENGTH, LENGTH, dtype=torch.float64)
    y = table[places].permute(2, 0, 1)
    y.backward(grad_y)
    flat = lambda a: a.reshape(HEADS * LENGTH, LENGTH)
    return {"table": table.detach(), "grad_y": flat(grad_y), "y": flat(y.detach()), "grad_table": table.grad}
