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


def likelihood(rows, genes, inflated, softmax):
    x, a, r = counts(rows, genes), leaf(rows, genes), leaf(genes)
    zeta = leaf(rows, genes) if inflated else None
    library = torch.log(x.sum(1, keepdim=True))

    def forward():
        mu = torch.exp(library) * torch.softmax(a, 1) if softmax else torch.exp(a)
        ll = log_zinb(x, mu, r.exp(), zeta) if inflated else log_nb(x, mu, r.exp())
        return ll.sum(1).mean()
    return train([a, r] + ([zeta] if inflated else []), forward)


for shape, inflated in {"1024x320": False, "1024x2000": True}.items():
    rows, genes = map(int, shape.split("x"))
    kind = "zinb" if inflated else "nb"
    case(f"count_log_prob {kind} {shape}", *both("count_log_prob", f"{kind}_{shape}"))(
        lambda r=rows, g=genes, i=inflated: likelihood(r, g, i, False))
    for sparse in ("", "_csr"):
        case(f"count_decoder {kind} {shape}{sparse}", *both("count_log_prob", f"decoder_{kind}_{shape}{sparse}"))(
            lambda r=rows, g=genes, i=inflated: likelihood(r, g, i, True))


@case("count_decoder_mean 1024x320 (forward)", "count_decoder_mean/1024x320")
def decoder_mean():
    a, r, library = torch.randn(1024, 320), torch.randn(320), torch.randn(1024, 1)

    def work():
        mu, theta = torch.exp(library) * torch.softmax(a, 1), torch.exp(r)
        return mu, torch.exp(theta * (torch.log(theta + 1e-8) - torch.log(theta + mu + 1e-8)))
    return work


@case("gaussian_kl 1024x20", *both("gaussian_kl", "1024x20"))
def gaussian_kl():
    m, s = leaf(1024, 20), leaf(1024, 20)
    return train([m, s], lambda: (0.5 * (s.exp() + m * m - 1 - s)).sum(1).mean())


@case("gaussian_sample 1024x20", *both("gaussian_sample", "1024x20"))
def gaussian_sample():
    m, s = leaf(1024, 20), leaf(1024, 20)
    return train([m, s], lambda: (m + torch.exp(0.5 * s) * torch.randn_like(m)).sum())


@case("cross_entropy 8192x2000", *both("cross_entropy", "large_8192x2000"))
def cross_entropy():
    a, labels = leaf(8192, 2000), torch.arange(8192) % 2000
    return train([a], lambda: F.cross_entropy(a, labels))


@case("pearson_loss 1024x320", *both("pearson_loss", "1024x320"))
def pearson_loss():
    p, target = leaf(1024, 320), torch.randn(1024, 320)

    def forward():
        a, b = p - p.mean(0), target - target.mean(0)
        return (1 - (a * b).sum(0) / (a.norm(dim=0) * b.norm(dim=0))).mean()
    return train([p], forward)


@case("contrastive 1024x20", *both("contrastive", "1024x20"))
def contrastive():
    a, b = leaf(1024, 20), leaf(1024, 20)
    i = torch.arange(1024)
    positive = (((i[None] - i[:, None] % 7) % 13 == 0) & (i[None] >= i[:, None] % 7)).float()
    n_positive, rest = positive.sum(1), (1 - positive).sum(1)

    def forward():
        m = F.normalize(a) @ F.normalize(b).T
        push = n_positive * torch.log((m.exp() * (1 - positive)).sum(1) / rest)
        return (push - (m * positive).sum(1)).mean()
    return train([a, b], forward)
