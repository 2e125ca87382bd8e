"""PyTorch expressions of the scores of genes, for compare_pytorch.py."""
import torch

from pytorch_case import case


def centred(x):
    return x - x.mean(0)


def correlation(x, y):
    x, y = centred(x), centred(y)
    return (x * y).sum(0) / (x.norm(dim=0) * y.norm(dim=0))


def ranks(x):
    """Of columns without ties: stx gives ties their mean rank."""
    return x.argsort(0).argsort(0).float()


def divergence(p, q):
    p, q = (v.clamp(min=0) / v.clamp(min=0).sum(0) for v in (p, q))
    m = (p + q) / 2
    return 0.5 * (torch.xlogy(p, p / m) + torch.xlogy(q, q / m)).sum(0)


def similarity(x, y):
    x, y = x / x.amax(0), y / y.amax(0)
    mx, my, sx, sy = x.mean(0), y.mean(0), x.std(0, correction=0), y.std(0, correction=0)
    c = (centred(x) * centred(y)).mean(0)
    c1, c2 = 0.01 ** 2, 0.03 ** 2
    return ((2 * mx * my + c1) / (mx ** 2 + my ** 2 + c1) * (2 * sx * sy + c2) / (sx ** 2 + sy ** 2 + c2)
            * (c + c2 / 2) / (sx * sy + c2 / 2))


def gene_metrics(rows, genes):
    """In float, where stx sums in double, and without Kendall's tau, for which PyTorch has no O(n log n) way."""
    truth, prediction = 3 * torch.rand(rows, genes), 3 * torch.rand(rows, genes)

    def work():
        r = correlation(truth, prediction)
        error = truth - prediction
        l1, l2 = error.abs().mean(0), error.square().mean(0)
        return (r, correlation(ranks(truth), ranks(prediction)), l2.sqrt(), (2 * (1 - r)).sqrt(),
                100 * (error / truth).abs().mean(0), similarity(truth, prediction), divergence(truth, prediction),
                torch.cosine_similarity(truth, prediction, dim=0), 1 - l2 / truth.var(0, correction=0), l1, l2)
    return work


for name, shape in {"3405x33": (3405, 33), "large_3798x921": (3798, 921)}.items():
    case(f"gene_metrics {name} (PyTorch without Kendall)", f"gene_metrics/{name}")(lambda s=shape: gene_metrics(*s))
