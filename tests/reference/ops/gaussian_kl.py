"""KL divergences of diagonal normals and log-normals, by torch.distributions."""
import torch
from torch.distributions import LogNormal, Normal, kl_divergence

PACKAGES = ("torch",)


def arrays():
    torch.manual_seed(0)
    shape = (5, 7)
    mean, prior_mean = (torch.randn(shape, dtype=torch.float64) for _ in range(2))
    sigma, prior_sigma = (torch.rand(shape, dtype=torch.float64) * 2 + 0.1 for _ in range(2))
    q, p = Normal(mean, sigma), Normal(prior_mean, prior_sigma)
    return {name: value.numpy() for name, value in {
        "mean": mean, "sigma": sigma, "prior_mean": prior_mean, "prior_sigma": prior_sigma,
        "standard": kl_divergence(q, Normal(torch.zeros_like(mean), torch.ones_like(mean))).sum(1),
        "normal": kl_divergence(q, p).sum(1),
        "log_normal": kl_divergence(LogNormal(mean, sigma), LogNormal(prior_mean, prior_sigma)).sum(1)}.items()}
