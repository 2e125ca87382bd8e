"""Linear layers with every activation, and gradients: PyTorch in float64."""
import torch
import torch.nn.functional as F

PACKAGES = ["torch"]
ACTIVATIONS = {"identity": lambda z: z, "gelu": F.gelu, "relu": F.relu, "silu": F.silu, "softplus": F.softplus,
               "gelu_tanh": lambda z: F.gelu(z, approximate="tanh")}


def arrays():
    torch.manual_seed(11)
    x, weight, bias = (torch.randn(*shape, dtype=torch.float64).requires_grad_() for shape in ((5, 4), (3, 4), (3,)))
    grad_y = torch.randn(5, 3, dtype=torch.float64)
    out = {"x": x, "weight": weight, "bias": bias, "grad_y": grad_y}
    for name, activate in ACTIVATIONS.items():
        y = activate(F.linear(x, weight, bias))
        grads = torch.autograd.grad(y, (x, weight, bias), grad_y)
        out |= {f"{name}_y": y, f"{name}_grad_x": grads[0], f"{name}_grad_weight": grads[1], f"{name}_grad_bias": grads[2]}
    residual = torch.randn(5, 3, dtype=torch.float64).requires_grad_()
    gate = torch.randn(1, 3, dtype=torch.float64).requires_grad_()
    y = residual + gate * F.gelu(F.linear(x, weight, bias))
    names, inputs = ("x", "weight", "bias", "residual", "gate"), (x, weight, bias, residual, gate)
    out |= {"residual": residual, "gate": gate, "gated_y": y}
    out |= {f"gated_grad_{name}": grad for name, grad in zip(names, torch.autograd.grad(y, inputs, grad_y))}
    return {key: value.detach() for key, value in out.items()}
