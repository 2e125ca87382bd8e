"""The library's own T5 encoder (transformers) in float64 on the weights of the formula fixture."""
import numpy as np
import torch
from transformers import T5Config, T5EncoderModel

PACKAGES = ["torch", "transformers"]
LENGTHS = {"one": 1, "two": 2, "seven": 7, "long": 100}
KINDS = {"relu": {"feed_forward_proj": "relu"}, "gated": {"feed_forward_proj": "gated-gelu"},
         "erf": {"feed_forward_proj": "gated-gelu", "dense_act_fn": "gelu"},
         "odd": {"feed_forward_proj": "gated-gelu", "relative_attention_num_buckets": 8,
                 "relative_attention_max_distance": 20},
         "eps": {"feed_forward_proj": "gated-gelu", "layer_norm_epsilon": 0.05},  # beside mean squares around 1
         "plain": {"feed_forward_proj": "gelu"}}  # neither gate nor relu


def names(gated):
    """Tensors in the order in which the fixture numbers them, from 1."""
    found = ["shared.weight"]
    for b in range(2):
        block = f"encoder.block.{b}.layer."
        found += [f"{block}0.SelfAttention.{part}.weight" for part in "qkvo"]
        if b == 0:
            found.append(block + "0.SelfAttention.relative_attention_bias.weight")
        found.append(block + "0.layer_norm.weight")
        found += [f"{block}1.DenseReluDense.{w}.weight" for w in (("wi_0", "wi_1") if gated else ("wi",))]
        found += [block + "1.DenseReluDense.wo.weight", block + "1.layer_norm.weight"]
    return found + ["encoder.final_layer_norm.weight"]


def formula(name, number, shape):
    r = number + 0.7 * np.arange(shape[0])
    if len(shape) == 1:
        return 1 + 0.1 * np.sin(r)
    whole = name == "shared.weight" or "relative_attention_bias" in name
    return (1.0 if whole else 0.5) * np.sin(r[:, None] + 1.3 * np.arange(shape[1]))


def model(options):
    config = T5Config(**({"vocab_size": 16, "d_model": 6, "d_kv": 4, "num_heads": 2, "d_ff": 10, "num_layers": 2} | options))
    if "dense_act_fn" in options:
        config.dense_act_fn = options["dense_act_fn"]
    encoder = T5EncoderModel(config).double().eval()
    state = encoder.state_dict()
    for number, name in enumerate(names(config.is_gated_act), 1):
        value = torch.tensor(formula(name, number, tuple(state[name].shape)))
        state[name].copy_(value)
    state["encoder.embed_tokens.weight"].copy_(state["shared.weight"])
    return encoder


def ids_of(length):
    return [(7 * i + 3) % 15 + 1 for i in range(length - 1)] + [1]


@torch.no_grad()
def arrays():
    out = {}
    for kind, options in KINDS.items():
        encoder = model(options)
        for name, length in LENGTHS.items():
            if kind in ("erf", "eps", "plain") and name == "long":
                continue  # the buckets are those of "gated"
            out[f"{kind}_{name}"] = encoder(torch.tensor([ids_of(length)])).last_hidden_state[0]
        ids, mask = torch.zeros(3, 7, dtype=torch.long), torch.zeros(3, 7, dtype=torch.long)
        for row, length in enumerate((7, 2, 5)):  # a padded batch
            ids[row, :length], mask[row, :length] = torch.tensor(ids_of(length)), 1
        hidden = encoder(ids, attention_mask=mask).last_hidden_state
        out[f"{kind}_batch"] = torch.cat([hidden[0, :7], hidden[1, :2], hidden[2, :5]])
    return out
