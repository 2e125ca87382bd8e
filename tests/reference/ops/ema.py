"""PyTorch's AveragedModel with an exponential average of decay 0.9, five updates."""
import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

PACKAGES = ["torch"]


def arrays():
    torch.manual_seed(4)
    model = torch.nn.Linear(6, 1, bias=False, dtype=torch.float64)
    averaged = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.9))
    values = torch.randn(6, 6, dtype=torch.float64)
    for row in values:  # the first update copies
        with torch.no_grad():
            model.weight.copy_(row)
        averaged.update_parameters(model)
    return {"values": values.numpy(), "average": averaged.module.weight.detach().numpy()}
