"""Fused decoder head: softmax over observed genes, minus log NB and ZINB (scipy), gradients (PyTorch), P(0) (scipy)."""
import numpy as np
import torch
from scipy import special, stats

PACKAGES = ["numpy", "scipy", "torch"]


def arrays():
    rng = np.random.default_rng(19)
    rows, cols = 5, 8
    out = {"logits": rng.normal(0, 1.5, (rows, cols)), "library": rng.uniform(2, 5, rows),
           "log_theta": rng.normal(0.5, 1, cols), "zeta": rng.normal(-1, 1.5, (rows, cols)),
           "observed": np.array([1, 1, 0, 1, 1, 1, 0, 1.0]), "grad_y": rng.normal(size=rows)}
    seen = out["observed"] > 0
    log_mu = out["library"][:, None] + out["logits"] - special.logsumexp(out["logits"][:, seen], 1, keepdims=True)
    mu, theta = np.exp(log_mu), np.exp(out["log_theta"])
    out["counts"] = x = rng.negative_binomial(theta, theta / (theta + mu)).astype(float)
    nb = stats.nbinom.logpmf(x, theta, theta / (theta + mu))
    pi, p_zero = special.expit(out["zeta"]), stats.nbinom.pmf(0, theta, theta / (theta + mu))
    zinb = np.where(x == 0, np.log(pi + (1 - pi) * np.exp(nb)), np.log1p(-pi) + nb)
    out |= {"mean": mu, "nb_p_zero": p_zero, "zinb_p_zero": pi + (1 - pi) * p_zero,
            "nb_y": -nb[:, seen].sum(1), "zinb_y": -zinb[:, seen].sum(1)}

    a, l, r, z, grad_y, counts = (torch.tensor(out[k], requires_grad=k not in ("grad_y", "counts"))
                                  for k in ("logits", "library", "log_theta", "zeta", "grad_y", "counts"))
    keep = torch.tensor(seen)
    m = (l[:, None] + a - torch.logsumexp(a[:, keep], 1, keepdim=True)).exp()
    t = r.exp()
    value = (torch.lgamma(counts + t) - torch.lgamma(t) - torch.lgamma(counts + 1)
             + t * torch.log(t / (t + m)) + counts * torch.log(m / (t + m)))
    p = torch.sigmoid(z)
    inflated = torch.where(counts == 0, torch.log(p + (1 - p) * value.exp()), torch.log1p(-p) + value)
    for name, entries, wanted in (("nb", value, "logits library log_theta"),
                                  ("zinb", inflated, "logits library log_theta zeta")):
        y = -entries[:, keep].sum(1)
        assert np.allclose(y.detach().numpy(), out[name + "_y"], rtol=1e-12)
        inputs = {"logits": a, "library": l, "log_theta": r, "zeta": z}
        grads = torch.autograd.grad(y, [inputs[k] for k in wanted.split()], grad_y, retain_graph=True)
        out |= {f"{name}_grad_{k}": g.numpy() for k, g in zip(wanted.split(), grads)}
    return out
