"""NB and ZINB log-likelihoods: values of scipy, gradients of PyTorch's automatic differentiation."""
import numpy as np
import torch
from scipy import stats

PACKAGES = ("numpy", "scipy", "torch")


def arrays():
    rng = np.random.default_rng(0)
    rows, cols = 6, 8
    mu = np.exp(rng.normal(0.5, 1.5, (rows, cols)))
    theta = np.exp(rng.normal(0.5, 1.0, (rows, cols)))
    x = rng.negative_binomial(theta, theta / (theta + mu)).astype(float)
    x[0, :3] = 300, 33, 1000
    zeta = rng.normal(-1, 1.5, (rows, cols))
    pi = 1 / (1 + np.exp(-zeta))
    nb = stats.nbinom.logpmf(x, theta, theta / (theta + mu))
    zinb = np.where(x == 0, np.log(pi + (1 - pi) * np.exp(nb)), np.log1p(-pi) + nb)
    out = {"x": x, "log_mu": np.log(mu), "log_theta": np.log(theta), "zeta": zeta,
           "nb_value": nb.sum(1), "zinb_value": zinb.sum(1)}

    for name in ("nb", "zinb"):
        u, r, z = (torch.tensor(out[k], requires_grad=True) for k in ("log_mu", "log_theta", "zeta"))
        t, m, counts = r.exp(), u.exp(), torch.tensor(x)
        value = (torch.lgamma(counts + t) - torch.lgamma(t) - torch.lgamma(counts + 1)
                 + t * torch.log(t / (t + m)) + counts * torch.log(m / (t + m)))
        if name == "zinb":
            p = torch.sigmoid(z)
            value = torch.where(counts == 0, torch.log(p + (1 - p) * value.exp()), torch.log1p(-p) + value)
        assert np.allclose(value.sum(1).detach().numpy(), out[f"{name}_value"], rtol=1e-12)
        value.sum().backward()
        out[f"{name}_grad_log_mu"] = u.grad.numpy()
        out[f"{name}_grad_log_theta"] = r.grad.numpy()
        if name == "zinb":
            out["zinb_grad_zeta"] = z.grad.numpy()
    return out
