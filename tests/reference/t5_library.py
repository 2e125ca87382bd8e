"""Small T5 encoders saved by the library (transformers) with its own outputs: tests/golden/t5.

tiny_relu, tiny_gated, tiny_odd (8 buckets up to distance 20): config.json and model.safetensors as save_pretrained
leaves them, and expected.safetensors:
  ids_NAME, hidden_NAME   token numbers; last hidden state (of 512 tokens every 16th row)
  ids_batch, lengths      four sequences, padded on the right; hidden_batch: all rows, padding set to 0
  after_B                 of the batch: final norm of what block B - 1 puts out, padding set to 0
  bias                    heads x 259: relative bias at key - query = -129 .. 129
  mean_batch              mean of the real tokens but the last
gated_bf16: tiny_gated in BF16, in shards; gated_f16: in F16, the embedding as encoder.embed_tokens.weight alone.
fixture.json: versions, seed, SHA-256 of every file.
"""
import hashlib
import json
import pathlib
import shutil

import numpy as np
import torch
import transformers
from safetensors.torch import load_file, save_file

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "golden" / "t5"
SEED = 20240501
LENGTHS = {"1": 1, "2": 2, "7": 7, "17": 17, "130": 130, "512": 512}
SIZES = dict(vocab_size=96, d_model=32, d_kv=8, num_heads=3, d_ff=56, num_layers=3, dropout_rate=0.0)
KINDS = {"tiny_relu": {}, "tiny_gated": {"feed_forward_proj": "gated-gelu"},
         "tiny_odd": {"relative_attention_num_buckets": 8, "relative_attention_max_distance": 20}}


def encoder_of(options):
    torch.manual_seed(SEED)
    model = transformers.T5EncoderModel(transformers.T5Config(**SIZES, **options)).eval()
    for name, p in model.named_parameters():
        noise = torch.randn(p.shape)
        p.copy_(1 + 0.1 * noise if "norm" in name else 0.25 * noise)
    return model


def ids_of(length):
    return torch.cat([torch.randint(2, 96, (length - 1,)), torch.tensor([1])])


def expected_of(model):
    out = {}
    for name, length in LENGTHS.items():
        ids = ids_of(length)
        out[f"ids_{name}"] = ids.int()
        out[f"hidden_{name}"] = model(ids[None]).last_hidden_state[0, ::16 if length == 512 else 1].clone()
    lengths = [7, 17, 2, 12]
    ids, mask = torch.zeros(4, 17, dtype=torch.long), torch.zeros(4, 17, dtype=torch.long)
    for row, length in enumerate(lengths):
        ids[row, :length], mask[row, :length] = ids_of(length), 1
    result = model(ids, attention_mask=mask, output_hidden_states=True)
    real = mask[..., None].double()
    out |= {"ids_batch": ids.flatten().int(), "lengths": torch.tensor(lengths, dtype=torch.int32),
            "hidden_batch": (result.last_hidden_state * real).flatten(0, 1)}
    for block in (1, 2):  # the last entry of hidden_states is the last hidden state
        out[f"after_{block}"] = (model.encoder.final_layer_norm(result.hidden_states[block]) * real).flatten(0, 1)
    means = [result.last_hidden_state[row, :length - 1].mean(0) for row, length in enumerate(lengths)]
    bias = model.encoder.block[0].layer[0].SelfAttention.compute_bias(130, 130)[0]
    line = torch.cat([bias[:, 129, :], bias[:, 0, 1:]], 1)
    index = torch.arange(130)[None] - torch.arange(130)[:, None] + 129
    assert torch.equal(bias, line[:, index])
    return out | {"bias": line, "mean_batch": torch.stack(means)}


@torch.no_grad()
def main():
    torch.set_num_threads(1)
    for folder in [*KINDS, "gated_bf16", "gated_f16"]:
        shutil.rmtree(FOLDER / folder, ignore_errors=True)
    for kind, options in KINDS.items():
        model = encoder_of(options)
        model.save_pretrained(FOLDER / kind, safe_serialization=True)
        # In float the library itself is off by up to 2.3e-5 of these values; so it runs in double.
        expected = {k: v.float().contiguous() if v.is_floating_point() else v
                    for k, v in expected_of(model.double()).items()}
        save_file(expected, FOLDER / kind / "expected.safetensors")
        if kind == "tiny_gated":
            model = encoder_of(options)
            model.bfloat16().save_pretrained(FOLDER / "gated_bf16", safe_serialization=True, max_shard_size="40KB")
            model = encoder_of(options)
            model.half().save_pretrained(FOLDER / "gated_f16", safe_serialization=True)
    path = FOLDER / "gated_f16" / "model.safetensors"
    tensors = load_file(path)
    tensors["encoder.embed_tokens.weight"] = tensors.pop("shared.weight")
    save_file(tensors, path)
    for path in FOLDER.rglob("*.safetensors"):
        path.chmod(0o644)
    files = sorted(p for p in FOLDER.rglob("*") if p.is_file() and p.parent != FOLDER and p.parent.name != "tokens")
    record = {"torch": torch.__version__, "transformers": transformers.__version__, "numpy": np.__version__,
              "seed": SEED, "sha256": {str(p.relative_to(FOLDER)): hashlib.sha256(p.read_bytes()).hexdigest()
                                       for p in files}}
    (FOLDER / "fixture.json").write_text(json.dumps(record, indent=1) + "\n")


main()
