"""PyTorch's MultiheadAttention, packed with padding and with keys of another width, in float64."""
import torch

PACKAGES = ["torch"]


def arrays():
    torch.manual_seed(1)
    batch, length, keys = 2, 5, 3
    layer = torch.nn.MultiheadAttention(8, 2, batch_first=True).double()
    cross = torch.nn.MultiheadAttention(8, 2, kdim=6, vdim=6, batch_first=True).double()
    for module in (layer, cross):
        torch.nn.init.normal_(module.in_proj_bias)
        torch.nn.init.normal_(module.out_proj.bias)
    x = torch.randn(batch, length, 8, dtype=torch.float64)
    memory = torch.randn(batch, keys, 6, dtype=torch.float64)
    padding = torch.arange(length) >= torch.tensor([5, 2])[:, None]
    result = {"x": x.reshape(-1, 8), "memory": memory.reshape(-1, 6)}
    result["self_out"] = layer(x, x, x, key_padding_mask=padding)[0].reshape(-1, 8)
    result["cross_out"] = cross(x, memory, memory)[0].reshape(-1, 8)
    for name, module in (("self", layer), ("cross", cross)):
        for key, value in module.named_parameters():
            result[f"{name}.{key}".replace(".", "_")] = value
    for i, part in enumerate(("q", "k", "v")):
        result[f"cross_{part}_proj_bias"] = cross.in_proj_bias[8 * i : 8 * i + 8]
    return {key: value.detach() for key, value in result.items()}
