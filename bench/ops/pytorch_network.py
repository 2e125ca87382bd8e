"""PyTorch expressions of the dense and normalising ops, for compare_pytorch.py."""
import torch
import torch.nn.functional as F

from pytorch_case import backward, both, case, leaf, train


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


def trained_batch_norm(rows, width):
    x, gain, shift, mean, variance = torch.randn(rows, width), *torch.randn(3, width), torch.ones(width)
    return lambda: F.relu_(F.batch_norm(x, mean, variance, gain, shift, False, eps=1e-3))


for name, shape in {"1024x64": (1024, 64), "large_65536x256": (65536, 256)}.items():
    case(f"batch_norm {name} running statistics, forward", f"batch_norm_fwd/{name}_relu_running_statistics")(
        lambda s=shape: trained_batch_norm(*s))


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


@case("layer_norm 8448x256_no_gain", *both("layer_norm", "8448x256_no_gain"))
def layer_norm_no_gain():
    x = leaf(8448, 256)
    return train([x], lambda: F.layer_norm(x, (256,), eps=1e-6), torch.randn(8448, 256))


def ada_layer_norm(groups):
    x, scale, shift = leaf(groups, 33, 256), leaf(groups, 1, 256), leaf(groups, 1, 256)
    return train([x, scale, shift], lambda: F.layer_norm(x, (256,), eps=1e-6) * (1 + scale) + shift,
                 torch.randn(groups, 33, 256))


for name, groups in {"256x33x256": 256, "large_2048x33x256": 2048}.items():
    case(f"ada_layer_norm {name}", *both("ada_layer_norm", name))(lambda n=groups: ada_layer_norm(n))


def gelu_tanh(x):
    return F.gelu(x, approximate="tanh")


def activate(rows, columns, activation):
    x = leaf(rows, columns)
    return train([x], lambda: activation(x), torch.randn(rows, columns))


for name, shape in {"8448x1024 gelu_tanh": (8448, 1024, gelu_tanh), "large_32768x1024 gelu_tanh": (32768, 1024, gelu_tanh),
                    "256x256 silu": (256, 256, F.silu), "large_32768x1024 silu": (32768, 1024, F.silu)}.items():
    case(f"activate {name}", *both("activate", name.replace(" ", "_")))(lambda s=shape: activate(*s))


def linear_activated(rows, inputs, outputs, activation):
    x, w, b = leaf(rows, inputs), leaf(outputs, inputs), leaf(outputs)
    return train([x, w, b], lambda: activation(F.linear(x, w, b)), torch.randn(rows, outputs))


for name, shape in {"dit_8448x256x1024_gelu_tanh": (8448, 256, 1024, gelu_tanh),
                    "time_256x256x256_silu": (256, 256, 256, F.silu)}.items():
    case(f"linear {name}", *both("linear", name))(lambda s=shape: linear_activated(*s))


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
