"""PyTorch's TransformerEncoderLayer, post-norm and pre-norm with padding, in float64."""
import torch

PACKAGES = ["torch"]


def arrays():
    torch.manual_seed(3)
    x = torch.randn(2, 5, 8, dtype=torch.float64)
    padding = torch.arange(5) >= torch.tensor([5, 2])[:, None]
    result = {"x": x.reshape(-1, 8)}
    for name, first in (("post", False), ("pre", True)):
        layer = torch.nn.TransformerEncoderLayer(
            8, 2, dim_feedforward=12, dropout=0.0, activation="gelu", batch_first=True, norm_first=first
        ).double()
        for key, value in layer.named_parameters():
            if key.startswith("norm") or key.endswith("bias"):
                torch.nn.init.normal_(value, 0.5)
            result[f"{name}_{key}".replace(".", "_")] = value
        result[f"{name}_out"] = layer(x, src_key_padding_mask=padding).reshape(-1, 8)
    return {key: value.detach() for key, value in result.items()}
