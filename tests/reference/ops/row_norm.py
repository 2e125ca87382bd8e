"""Layer norm, RMS norm and an adaLN-Zero branch of PyTorch in float64, with gradients."""
import torch
import torch.nn.functional as F

PACKAGES = ["torch"]


def arrays():
    torch.manual_seed(5)
    groups, tokens, width = 3, 4, 6
    make = lambda *shape: torch.randn(*shape, dtype=torch.float64).requires_grad_()
    x, gain, shift = make(groups * tokens, width), make(width), make(width)
    modulation, residual = make(groups, 3 * width), make(groups * tokens, width)
    weight = torch.randn(groups * tokens, width, dtype=torch.float64)
    out = {"x": x, "gain": gain, "shift": shift, "modulation": modulation, "residual": residual,
           "grad_y": weight}

    def record(name, y, **inputs):
        for grad, key in zip(torch.autograd.grad((y * weight).sum(), list(inputs.values())), inputs):
            out[f"{name}_grad_{key}"] = grad
        out[f"{name}_y"] = y

    record("plain", F.layer_norm(x, (width,), eps=1e-6), x=x)
    record("affine", F.layer_norm(x, (width,), gain, shift, eps=1e-5), x=x, gain=gain, shift=shift)
    record("sum", F.layer_norm(x + residual, (width,), gain, shift, eps=1e-5), x=x, residual=residual, gain=gain,
           shift=shift)
    record("rms", F.rms_norm(x, (width,), gain, eps=1e-6), x=x, gain=gain)
    # One block's parts in the order shift, scale, gate.
    sh, sc, gate = (m.repeat_interleave(tokens, 0) for m in modulation.chunk(3, dim=1))
    normal = F.layer_norm(x, (width,), eps=1e-6)
    record("ada", residual + gate * (normal * (1 + sc) + sh), x=x, residual=residual,
           modulation=modulation)
    return {key: value.detach() for key, value in out.items()}
