"""PyTorch expressions of the count likelihoods, divergences and losses, for compare_pytorch.py."""
import numpy as np
import torch
import torch.nn.functional as F

from pytorch_case import both, case, leaf, train


# Count likelihoods: as in scvi-tools, with its epsilon; counts as in bench/ops (60 % zeros).

def counts(rows, genes):
    u = np.random.default_rng(0).random((rows, genes))
    x = np.where(u < 0.6, 0, np.where(u < 0.97, 1 + np.floor((u - 0.6) * 20), np.floor((u - 0.97) * 2e4)))
    return torch.tensor(x, dtype=torch.float32)


def log_nb(x, mu, theta, eps=1e-8):
    log_sum = torch.log(theta + mu + eps)
    return (theta * (torch.log(theta + eps) - log_sum) + x * (torch.log(mu + eps) - log_sum)
            + torch.lgamma(x + theta) - torch.lgamma(theta) - torch.lgamma(x + 1))


def log_zinb(x, mu, theta, zeta, eps=1e-8):
    softplus = F.softplus(-zeta)
    log_theta_mu = torch.log(theta + mu + eps)
    pi_theta = -zeta + theta * (torch.log(theta + eps) - log_theta_mu)
    zero = F.softplus(pi_theta) - softplus
    positive = (-softplus + pi_theta + x * (torch.log(mu + eps) - log_theta_mu)
                + torch.lgamma(x + theta) - torch.lgamma(theta) - torch.lgamma(x + 1))
    return (x < eps).float() * zero + (x > eps).float() * positive


def likelihood(rows, genes, inflated, softmax, dispersion="gene", observed=False):
    """`dispersion`: one per gene, per gene and `batch` (three of them), or per `entry`."""
    x, a, r = counts(rows, genes), leaf(rows, genes), leaf(*{"gene": (), "batch": (3,), "entry": (rows,)}[dispersion], genes)
    zeta = leaf(rows, genes) if inflated else None
    batch = torch.arange(rows) * 7 // 4 % 3
    seen = torch.arange(genes)[torch.rand(genes) < 0.7]
    if observed:
        x = x.index_select(1, seen)
    library = torch.log(x.sum(1, keepdim=True))

    def forward():
        logits, log_theta = a, F.embedding(batch, r) if dispersion == "batch" else r
        if observed:
            logits, log_theta = a.index_select(1, seen), r.index_select(0, seen)
        mu, theta = torch.exp(library) * torch.softmax(logits, 1) if softmax else torch.exp(logits), log_theta.exp()
        ll = log_zinb(x, mu, theta, zeta) if inflated else log_nb(x, mu, theta)
        return ll.sum(1).mean()
    return train([a, r] + ([zeta] if inflated else []), forward)


for shape, inflated in {"1024x320": False, "1024x2000": True}.items():
    rows, genes = map(int, shape.split("x"))
    kind = "zinb" if inflated else "nb"
    for sparse in ("", "_csr"):
        case(f"count_log_prob {kind} {shape}{sparse}", *both("count_log_prob", f"{kind}_{shape}{sparse}"))(
            lambda r=rows, g=genes, i=inflated: likelihood(r, g, i, False))
        case(f"count_decoder {kind} {shape}{sparse}", *both("count_log_prob", f"decoder_{kind}_{shape}{sparse}"))(
            lambda r=rows, g=genes, i=inflated: likelihood(r, g, i, True))
    for dispersion in ("batch", "entry"):
        case(f"count_decoder {kind} {shape}_csr per {dispersion}",
             *both("count_log_prob", f"decoder_{kind}_{shape}_csr_per_{dispersion}"))(
            lambda r=rows, g=genes, i=inflated, d=dispersion: likelihood(r, g, i, True, d))

case("count_decoder nb 1024x320_csr observed", *both("count_log_prob", "decoder_nb_1024x320_csr_observed"))(
    lambda: likelihood(1024, 320, False, True, observed=True))
case("count_decoder zinb 128x16000_csr", *both("count_log_prob", "decoder_zinb_128x16000_csr"))(
    lambda: likelihood(128, 16000, True, True))
case("count_log_prob nb large 2048x16000_csr", *both("count_log_prob", "large_nb_2048x16000_csr"))(
    lambda: likelihood(2048, 16000, False, False))
case("count_decoder nb large 2048x16000_csr", *both("count_log_prob", "large_decoder_nb_2048x16000_csr"))(
    lambda: likelihood(2048, 16000, False, True))
case("count_decoder zinb large 2048x16000", *both("count_log_prob", "large_decoder_zinb_2048x16000"))(
    lambda: likelihood(2048, 16000, True, True))
for dispersion in ("batch", "entry"):
    case(f"count_decoder zinb large 8192x2000_csr per {dispersion}",
         *both("count_log_prob", f"large_decoder_zinb_8192x2000_csr_per_{dispersion}"))(
        lambda d=dispersion: likelihood(8192, 2000, True, True, d))


def decoder_mean(rows, genes, own_zeros=False):
    """`own_zeros`: dispersion and extra zero of every entry."""
    a, library = torch.randn(rows, genes), torch.randn(rows, 1)
    r, zeta = (torch.randn(2, rows, genes) if own_zeros else (torch.randn(genes), None))

    def work():
        mu, theta = torch.exp(library) * torch.softmax(a, 1), torch.exp(r)
        p_zero = torch.exp(theta * (torch.log(theta + 1e-8) - torch.log(theta + mu + 1e-8)))
        return mu, torch.lerp(p_zero, torch.ones(()), torch.sigmoid(zeta)) if own_zeros else p_zero
    return work


for name, shape in {"1024x320": (1024, 320), "1024x2000_zinb_per_entry": (1024, 2000, True),
                    "large_2048x16000": (2048, 16000), "large_2048x16000_zinb_per_entry": (2048, 16000, True)}.items():
    case(f"count_decoder_mean {name} (forward)", f"count_decoder_mean/{name}")(lambda s=shape: decoder_mean(*s))


def gaussian_kl(rows, width):
    m, s = leaf(rows, width), leaf(rows, width)
    return train([m, s], lambda: (0.5 * (s.exp() + m * m - 1 - s)).sum(1).mean())


def gaussian_kl_to(rows, width):
    """To a given normal distribution, the same for all rows."""
    m, s, m0, s0 = leaf(rows, width), leaf(rows, width), torch.randn(width), torch.randn(width)
    return train([m, s], lambda: (0.5 * ((s.exp() + (m - m0) ** 2) / s0.exp() - 1 + s0 - s)).sum(1).mean())


for name, shape in {"1024x1_prior": (1024, 1), "large_65536x64_prior": (65536, 64)}.items():
    case(f"gaussian_kl {name}", *both("gaussian_kl", name))(lambda s=shape: gaussian_kl_to(*s))


def gaussian_sample(rows, width):
    m, s = leaf(rows, width), leaf(rows, width)
    return train([m, s], lambda: (m + torch.exp(0.5 * s) * torch.randn_like(m)).sum())


for name, shape in {"1024x20": (1024, 20), "large_65536x64": (65536, 64)}.items():
    case(f"gaussian_kl {name}", *both("gaussian_kl", name))(lambda s=shape: gaussian_kl(*s))
    case(f"gaussian_sample {name}", *both("gaussian_sample", name))(lambda s=shape: gaussian_sample(*s))


def cross_entropy(rows, classes):
    a, labels = leaf(rows, classes), torch.arange(rows) % classes
    return train([a], lambda: F.cross_entropy(a, labels))


for name, shape in {"1024x2": (1024, 2), "large_8192x2000": (8192, 2000)}.items():
    case(f"cross_entropy {name}", *both("cross_entropy", name))(lambda s=shape: cross_entropy(*s))


def pearson_loss(rows, columns, masked):
    p, target = leaf(rows, columns), torch.randn(rows, columns)
    mask = (torch.rand(rows, columns) < 0.7).float()
    n = mask.sum(0)

    def forward():
        if masked:
            a, b = mask * (p - (mask * p).sum(0) / n), mask * (target - (mask * target).sum(0) / n)
        else:
            a, b = p - p.mean(0), target - target.mean(0)
        return (1 - (a * b).sum(0) / (a.norm(dim=0) * b.norm(dim=0))).mean()
    return train([p], forward)


for name, shape in {"1024x320": (1024, 320, False), "384x996_masked": (384, 996, True),
                    "large_8192x2000": (8192, 2000, False), "large_8192x2000_masked": (8192, 2000, True)}.items():
    case(f"pearson_loss {name}", *both("pearson_loss", name))(lambda s=shape: pearson_loss(*s))


def contrastive(rows, width, form="exclude_positives"):
    a, b = leaf(rows, width), leaf(rows, width)
    i = torch.arange(rows)
    positive = (((i[None] - i[:, None] % 7) % 13 == 0) & (i[None] >= i[:, None] % 7)).float()
    n_positive, rest = positive.sum(1), (1 - positive).sum(1)
    c = torch.empty(rows, rows).uniform_(0.3, 1.3)

    def forward():
        m = F.normalize(a) @ F.normalize(b).T
        if form == "global":
            push = n_positive.sum() * torch.log((m.exp() * (1 - positive)).sum() / rest.sum())
            return (push - (m * positive).sum()) / rows
        if form == "r1":
            weights = torch.softmax((1 - positive) / c, 1)
            push = n_positive * torch.log((weights * m).exp().sum(1))
            return (push - (m * (positive / c)).sum(1)).mean()
        if form == "r2":
            return (torch.log((m * (1 - positive)).exp().sum(1)) / rest - (m * positive).sum(1)).mean()
        push = n_positive * torch.log((m.exp() * (1 - positive)).sum(1) / rest)
        return (push - (m * positive).sum(1)).mean()
    return train([a, b], forward)


for name, shape in {"1024x20": (1024, 20), "1024x20_global": (1024, 20, "global"), "1024x20_r1": (1024, 20, "r1"),
                    "1024x20_r2": (1024, 20, "r2"), "large_4096x64": (4096, 64),
                    "large_4096x64_r1": (4096, 64, "r1")}.items():
    case(f"contrastive {name}", *both("contrastive", name))(lambda s=shape: contrastive(*s))
