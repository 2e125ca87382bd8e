"""PyTorch expressions of the attending and graph ops, for compare_pytorch.py."""
import torch
import torch.nn.functional as F

from pytorch_case import both, case, leaf, train, variant


def attention(batch, queries, keys, heads, dim, with_bias=False, padding=None):
    """The mask of padded keys is made outside the timing, added to the bias: once for all layers of a T5, which is
    frozen where it pads."""
    q, k, v = leaf(batch, queries, heads, dim), leaf(batch, keys, heads, dim), leaf(batch, keys, heads, dim)
    bias = leaf(1, heads, queries, keys) if with_bias else None
    b, j = torch.arange(batch)[:, None, None, None], torch.arange(keys)
    exists = {None: None, "lengths": j < keys - 37 * b % ((keys + 1) // 2), "key_mask": (b + 3 * j) % 4 != 0}[padding]
    mask = torch.zeros(batch, 1, 1, keys).masked_fill(~exists, -torch.inf) if padding else None
    if padding and with_bias:
        mask = mask + bias.detach()
    trained = with_bias and not padding

    def forward():
        added = bias.expand(batch, -1, -1, -1) if trained else mask
        return F.scaled_dot_product_attention(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), added).transpose(1, 2)
    return train([q, k, v] + ([bias] if trained else []), forward, torch.randn(batch, queries, heads, dim))


for name, shape in {"64x64_tokens_6_heads_x_64": (64, 64, 64, 6, 64),
                    "64x63_queries_64_keys_6_heads_x_64": (64, 63, 64, 6, 64),
                    "8x128_tokens_12_heads_x_64_bias": (8, 128, 128, 12, 64, True),
                    "8x220_tokens_12_heads_x_64_bias_lengths": (8, 220, 220, 12, 64, True, "lengths"),
                    "256x1_query_20_keys_8_heads_x_32_lengths": (256, 1, 20, 8, 32, False, "lengths"),
                    "64x64_tokens_6_heads_x_64_key_mask": (64, 64, 64, 6, 64, False, "key_mask"),
                    "256x34_tokens_4_heads_x_64": (256, 34, 34, 4, 64),
                    "1024_tokens_4_heads_x_16": (1, 1024, 1024, 4, 16),
                    "1024_tokens_4_heads_x_32": (1, 1024, 1024, 4, 32),
                    "large_4x2048_tokens_8_heads_x_32": (4, 2048, 2048, 8, 32),
                    "large_16x512_tokens_12_heads_x_64_lengths": (16, 512, 512, 12, 64, False, "lengths"),
                    "large_16x512_tokens_12_heads_x_64_key_mask": (16, 512, 512, 12, 64, False, "key_mask")}.items():
    case(f"attention {name}", *both("attention", name))(lambda s=shape: attention(*s))


def shared_kv(rows, keys, width, heads, dropout):
    q, k, v = leaf(rows, width), leaf(keys, width), leaf(keys, width)

    def forward():
        def split(x):
            return x.view(len(x), heads, width // heads).transpose(0, 1)
        weights = torch.softmax(split(q) @ split(k).transpose(1, 2) * (width // heads) ** -0.5, -1)
        return (F.dropout(weights, dropout) @ split(v)).transpose(0, 1).reshape(rows, width)
    return train([q, k, v], forward, torch.randn(rows, width))


@case("shared_kv_attention 12875x29x256 with weights, forward", "shared_kv_attention_fwd/12875x29x256_2_heads_weights")
def shared_kv_weights():
    def split(x):
        return x.view(len(x), 2, 128).transpose(0, 1)
    q, k, v = torch.randn(12875, 256), torch.randn(29, 256), torch.randn(29, 256)

    def work():
        weights = torch.softmax(split(q) @ split(k).transpose(1, 2) * 128 ** -0.5, -1)
        return (weights @ split(v)).transpose(0, 1).reshape(12875, 256), weights.mean(0)
    return work


def shared_kv_sdpa(rows, keys, width, heads, dropout):
    q, k, v = leaf(rows, width), leaf(keys, width), leaf(keys, width)

    def forward():
        def split(x):
            return x.view(1, len(x), heads, width // heads).transpose(1, 2)
        out = F.scaled_dot_product_attention(split(q), split(k), split(v), dropout_p=dropout)
        return out.transpose(1, 2).reshape(rows, width)
    return train([q, k, v], forward, torch.randn(rows, width))


for name, (benchmark, shape) in {"1024x29x256": ("1024x29x256_2_heads_dropout", (1024, 29, 256, 2, 0.1)),
                                 "12875x29x256": ("12875x29x256_2_heads", (12875, 29, 256, 2, 0)),
                                 "16384x300x256": ("large_16384x300x256_4_heads_dropout", (16384, 300, 256, 4, 0.1))}.items():
    case(f"shared_kv_attention {name}", *both("shared_kv_attention", benchmark))(lambda s=shape: shared_kv(*s))
    variant(f"shared_kv_attention {name}", "sdpa")(lambda s=shape: shared_kv_sdpa(*s))


def gat(nodes, degree, heads, dim):
    h, a_src, a_dst = leaf(nodes, heads, dim), leaf(heads, dim), leaf(heads, dim)
    src = torch.randint(nodes, (nodes * degree,))
    dst = torch.arange(nodes).repeat_interleave(degree)

    def forward():  # scatter and gather, as PyTorch Geometric does without its compiled extensions
        scores = F.leaky_relu((h * a_src).sum(-1)[src] + (h * a_dst).sum(-1)[dst], 0.2)
        index = dst[:, None].expand_as(scores)
        largest = torch.full((nodes, heads), -torch.inf).scatter_reduce(0, index, scores.detach(), "amax")
        e = torch.exp(scores - largest[dst])
        weights = e / torch.zeros(nodes, heads).index_add(0, dst, e)[dst]
        return torch.zeros(nodes, heads, dim).index_add(0, dst, weights[..., None] * h[src])
    return train([h, a_src, a_dst], forward, torch.randn(nodes, heads, dim))


def gat_conv(nodes, degree, heads, dim):
    """GATConv without its projection, as gat() without its own. ImportError without PyTorch Geometric."""
    from torch_geometric.nn import GATConv
    layer = GATConv(heads * dim, dim, heads, add_self_loops=False, bias=False).to(torch.empty(0).device)
    layer.lin = torch.nn.Identity()
    h = leaf(nodes, heads * dim)
    edges = torch.stack([torch.randint(nodes, (nodes * degree,)), torch.arange(nodes).repeat_interleave(degree)])
    return train([h, layer.att_src, layer.att_dst], lambda: layer(h, edges), torch.randn(nodes, heads * dim))


for name, shape in {"128_nodes_k20_1_head_x_10": (128, 20, 1, 10), "10000_nodes_k20_1_head_x_32": (10000, 20, 1, 32),
                    "10000_nodes_k20_4_heads_x_16": (10000, 20, 4, 16),
                    "large_100000_nodes_k20_8_heads_x_32": (100000, 20, 8, 32)}.items():
    case(f"gat {name}", *both("gat", name))(lambda s=shape: gat(*s))
    variant(f"gat {name}", "torch_geometric")(lambda s=shape: gat_conv(*s))


@case("top_k 1000x10000x50 cosine", "top_k/1000_spots_x_10000_cells_x_50_k50_cosine")
def top_k_cosine():
    q, p = torch.randn(1000, 50), torch.randn(10000, 50)
    return lambda: torch.topk(F.normalize(q) @ F.normalize(p).T, 50)


@case("top_k 5000x5000x30 euclidean", "top_k/5000x5000x30_k15_euclidean")
def top_k_euclidean():
    q, p = torch.randn(5000, 30), torch.randn(5000, 30)
    return lambda: torch.topk(torch.cdist(q, p), 15, largest=False)
