"""Rows of a table and the gradient of the table: torch.nn.functional.embedding in float64."""
import torch

PACKAGES = ["torch"]


def arrays():
    torch.manual_seed(16)
    table = torch.randn(7, 5, dtype=torch.float64, requires_grad=True)
    ids = torch.tensor([3, 0, 3, 6, 3, 1])
    grad_y = torch.randn(6, 5, dtype=torch.float64)
    y = torch.nn.functional.embedding(ids, table)
    y.backward(grad_y)
    return {"table": table.detach(), "ids": ids, "grad_y": grad_y, "y": y.detach(), "grad_table": table.grad}
