"""PyTorch expressions of the dense, normalising, attending and graph ops, for compare_pytorch.py."""
import torch
import torch.nn.functional as F

from pytorch_case import backward, both, case, leaf, train, variant


def linear(rows, inputs, outputs, gelu_dropout):
    x, w, b = leaf(rows, inputs), leaf(outputs, inputs), leaf(outputs)
    grad = torch.randn(rows, outputs)

    def forward():
        y = F.linear(x, w, b)
        return F.dropout(F.gelu(y), 0.1) if gelu_dropout else y
    return train([x, w, b], forward, grad)


for name, shape in {"st1_1024x26x512_gelu_dropout": (1024, 26, 512, True), "st2_1024x512x256": (1024, 512, 256, False),
                    "encoder_1024x320x64": (1024, 320, 64, False),
                    "sc1_29x33x512_gelu_dropout": (29, 33, 512, True), "head_1024x256x7": (1024, 256, 7, False),
                    "vista_128x16000x64": (128, 16000, 64, False), "t5_512x768x2304": (512, 768, 2304, False),
                    "dit_8448x256x1024": (8448, 256, 1024, False),
                    "large_32768x1024x512_gelu_dropout": (32768, 1024, 512, True)}.items():
    case(f"linear {name}", *both("linear", name))(lambda s=shape: linear(*s))

for name, (a, b) in {"nt_1024x256x512": ((1024, 512), (256, 512)), "tn_256x512x1024": ((1024, 256), (1024, 512)),
                     "nn_1024x512x256": ((1024, 256), (256, 512)), "nt_4096x1024x1024": ((4096, 1024), (1024, 1024))}.items():
    def product(a=a, b=b, kind=name[:2]):
        left, right = torch.randn(*a), torch.randn(*b)
        left, right = left.T if kind[0] == "t" else left, right.T if kind[1] == "t" else right
        return lambda: left @ right
    case(f"gemm {name}", f"gemm/{name}")(product)

for name, (m, batch, n, k) in {"embed_256x34x256x16": (256, 34, 256, 16), "output_256x34x8x256": (256, 34, 8, 256),
                               "large_1024x63x384x32": (1024, 63, 384, 32)}.items():
    def products(m=m, batch=batch, n=n, k=k):
        a, b = torch.randn(m, batch, k), torch.randn(batch, n, k)
        return lambda: torch.einsum("mbk,bnk->mbn", a, b).contiguous()

    def products_backward(m=m, batch=batch, n=n, k=k):
        a, b = leaf(m, batch, k), leaf(batch, n, k)
        return backward([a, b], lambda: torch.einsum("mbk,bnk->mbn", a, b), torch.randn(m, batch, n))
    case(f"batched_gemm {name}", f"batched_gemm/{name}")(products)
    case(f"batched_gemm_bwd {name}", f"batched_gemm_bwd/{name}")(products_backward)


def sparse(rows, columns, share, width):
    a = (torch.rand(rows, columns) * (torch.rand(rows, columns) < share)).to_sparse_csr()
    x = torch.randn(columns, width)
    return lambda: a @ x


def sparse_backward(rows, columns, share, width):
    """Both gradients; the transpose is at hand, as in stx."""
    a = (torch.rand(rows, columns) * (torch.rand(rows, columns) < share)).to_sparse_csr()
    transposed = a.to_dense().T.contiguous().to_sparse_csr()
    x, grad = torch.randn(columns, width), torch.randn(rows, width)
    xt = x.T.contiguous()
    return lambda: (transposed @ grad, torch.sparse.sampled_addmm(a, grad, xt, beta=0.0))


for name, shape in {"counts_512x2000_10%_x64": (512, 2000, 0.1, 64), "graph_4000x4000_15_x32": (4000, 4000, 15 / 4000, 32),
                    "large_16384x2000_10%_x128": (16384, 2000, 0.1, 128)}.items():
    case(f"csr_matmul {name}", f"csr_matmul/{name}")(lambda s=shape: sparse(*s))
    case(f"csr_matmul_bwd {name}", f"csr_matmul_bwd/{name}")(lambda s=shape: sparse_backward(*s))


def batch_norm(rows, width):
    x, gain, shift = leaf(rows, width), leaf(width), leaf(width)
    mean, variance, grad = torch.zeros(width), torch.ones(width), torch.randn(rows, width)
    return train([x, gain, shift], lambda: F.dropout(F.relu(F.batch_norm(
        x, mean, variance, gain, shift, True, 0.01, 1e-3)), 0.2), grad)


case("batch_norm 512x64", *both("batch_norm", "512x64_relu_dropout"))(lambda: batch_norm(512, 64))
case("batch_norm 1024x64", *both("batch_norm", "1024x64_relu_dropout"))(lambda: batch_norm(1024, 64))
case("batch_norm 65536x256", *both("batch_norm", "large_65536x256_relu_dropout"))(lambda: batch_norm(65536, 256))


def residual_norm(rows, width):
    x, residual, gain, shift = leaf(rows, width), leaf(rows, width), leaf(width), leaf(width)
    return train([x, residual, gain, shift], lambda: F.layer_norm(
        residual + F.dropout(x, 0.1), (width,), gain, shift), torch.randn(rows, width))


case("residual_layer_norm 1024x256", *both("residual_layer_norm", "1024x256_dropout"))(lambda: residual_norm(1024, 256))
case("residual_layer_norm 65536x256", *both("residual_layer_norm", "large_65536x256_dropout"))(
    lambda: residual_norm(65536, 256))


def layer_norm(rows):
    x, gain, shift = leaf(rows, 192), leaf(192), leaf(192)
    return train([x, gain, shift], lambda: F.layer_norm(x, (192,), gain, shift), torch.randn(rows, 192))


for name, rows in {"1024x192": 1024, "large_65536x192": 65536}.items():
    case(f"layer_norm {name}", *both("layer_norm", name))(lambda n=rows: layer_norm(n))


def ada_layer_norm(groups):
    x, scale, shift = leaf(groups, 33, 256), leaf(groups, 1, 256), leaf(groups, 1, 256)
    return train([x, scale, shift], lambda: F.layer_norm(x, (256,), eps=1e-6) * (1 + scale) + shift,
                 torch.randn(groups, 33, 256))


for name, groups in {"256x33x256": 256, "large_2048x33x256": 2048}.items():
    case(f"ada_layer_norm {name}", *both("ada_layer_norm", name))(lambda n=groups: ada_layer_norm(n))


def activate(rows):
    x = leaf(rows, 1024)
    return train([x], lambda: F.gelu(x, approximate="tanh"), torch.randn(rows, 1024))


for name, rows in {"8448x1024": 8448, "large_32768x1024": 32768}.items():
    case(f"activate {name} gelu_tanh", *both("activate", f"{name}_gelu_tanh"))(lambda n=rows: activate(n))


@case("linear dit_8448x256x256_gated_residual", *both("linear", "dit_8448x256x256_gated_residual"))
def linear_residual():
    x, w, b = leaf(256, 33, 256), leaf(256, 256), leaf(256)
    residual, gate = leaf(256, 33, 256), leaf(256, 1, 256)
    return train([x, w, b, residual, gate], lambda: residual + gate * F.linear(x, w, b), torch.randn(256, 33, 256))


def gated_residual(groups):
    x, branch, gate = leaf(groups, 33, 256), leaf(groups, 33, 256), leaf(groups, 1, 256)
    return train([x, branch, gate], lambda: x + gate * branch, torch.randn(groups, 33, 256))


for name, groups in {"256x33x256": 256, "large_2048x33x256": 2048}.items():
    case(f"gated_residual {name}", *both("gated_residual", name))(lambda n=groups: gated_residual(n))


def rms_norm(rows):
    x, gain = leaf(rows, 768), leaf(768)
    return train([x, gain], lambda: gain * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6)),
                 torch.randn(rows, 768))


for name, rows in {"2200x768": 2200, "large_28160x768": 28160}.items():
    case(f"rms_norm {name}", *both("rms_norm", name))(lambda n=rows: rms_norm(n))


def softmax(rows, n, dropout):
    x = leaf(rows, n)
    return train([x], lambda: F.dropout(torch.softmax(x, 1), dropout) if dropout else torch.softmax(x, 1),
                 torch.randn(rows, n))


case("softmax 2048x30", *both("softmax", "2048x30_dropout"))(lambda: softmax(2048, 30, 0.1))
case("softmax 1024x2000", *both("softmax", "1024x2000"))(lambda: softmax(1024, 2000, 0))
case("softmax 16384x2000", *both("softmax", "large_16384x2000"))(lambda: softmax(16384, 2000, 0))


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
