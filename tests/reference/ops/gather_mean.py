"""The mean of rows of a table, and the table times it: PyTorch in float64."""
import torch

PACKAGES = ["torch"]


def arrays():
    torch.manual_seed(10)
    table = torch.randn(9, 37, dtype=torch.float64)
    ids = torch.randint(0, 9, (70,))
    mean = table[ids].mean(0)
    return {"table": table, "ids": ids, "mean": mean, "product": table @ mean}
