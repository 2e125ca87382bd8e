"""Five steps of torch.optim.Adam and AdamW in float64."""
import torch

PACKAGES = ["torch"]
STEPS = 5


def arrays():
    torch.manual_seed(14)
    start = torch.randn(9, dtype=torch.float64)
    gradients = torch.randn(STEPS, 9, dtype=torch.float64)
    out = {"start": start, "gradients": gradients}
    for name, make, options in (("plain", torch.optim.Adam, {}),
                                ("coupled", torch.optim.Adam, {"weight_decay": 0.125}),
                                ("decoupled", torch.optim.AdamW, {"weight_decay": 0.125}),
                                ("other", torch.optim.Adam, {"betas": (0.0, 0.5), "eps": 0.125})):
        p = start.clone().requires_grad_()
        # Powers of two, so that a float holds them exactly.
        optimizer = make([p], lr=0.0078125, **({"betas": (0.875, 0.96875), "eps": 2.0**-26, "weight_decay": 0} | options))
        for gradient in gradients:
            p.grad = gradient.clone()
            optimizer.step()
        out[name] = p.detach()
    return out
