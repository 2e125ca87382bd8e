"""PyTorch expressions of the sampling, diffusion, loss and optimiser ops, for compare_pytorch.py."""
import math

import torch
import torch.nn.functional as F

from pytorch_case import backward, both, case, leaf, train


def mse(rows, columns, masked):
    y, target = leaf(rows, columns), torch.randn(rows, columns)
    mask = (torch.rand(rows, columns) < 0.5).float()
    if not masked:
        return train([y], lambda: F.mse_loss(y, target))
    return train([y], lambda: (mask * (y - target) ** 2).sum() / mask.sum())


case("mse 1024x7", *both("mse", "1024x7"))(lambda: mse(1024, 7, False))
case("mse 1024x33 masked", *both("mse", "1024x33_masked"))(lambda: mse(1024, 33, True))
case("mse 8192x2000 masked", *both("mse", "large_8192x2000_masked"))(lambda: mse(8192, 2000, True))


def q_sample(rows, columns):
    x, t = torch.randn(rows, columns), torch.randint(1000, (rows,))
    level = torch.linspace(0.999, 0.001, 1000)

    def work():
        eps = torch.randn_like(x)
        a = level[t][:, None]
        return a.sqrt() * x + (1 - a).sqrt() * eps, eps
    return work


def update(rows, columns, solver):
    u, x0, eps, known = (torch.randn(rows, columns) for _ in range(4))
    mask = (torch.rand(rows, columns) < 0.3).float()

    def work():
        predicted = torch.clamp(u - 0.5 * eps, -1, 1)
        new = 0.5 * u + 0.25 * predicted
        if solver != "ddim":
            new = new + (0.1 * torch.randn_like(u) if solver == "ddpm" else 0.125 * x0)
        return mask * known + (1 - mask) * new
    return work


def coefficients(solver, steps):
    """Per step what u and eps give the prediction, and what state, prediction and the one before give the next state:
    cosine noise at 1500 times; the last step leaves the prediction."""
    times = 1500
    level = torch.cos((torch.arange(times + 1, dtype=torch.float64) / times + 0.008) / 1.008 * math.pi / 2) ** 2
    bars = torch.cumprod(1 - (1 - level[1:] / level[:-1]).clamp(max=0.999), 0)
    snr = 0.5 * torch.log(bars / (1 - bars))
    top = int((snr >= -5.1).nonzero().max())
    grid = [math.floor(top * (1 - i / (steps - 1)) + 0.5) for i in range(steps)]
    rows = []
    for i, t in enumerate(grid):
        now, u, x0, before = float(bars[t]), 0.0, 1.0, 0.0
        if i + 1 < steps:
            s = grid[i + 1]
            following = float(bars[s])
            u = math.sqrt((1 - following) / (1 - now))
            x0 = math.sqrt(following) - u * math.sqrt(now)
            if solver == "dpm2m":
                h = float(snr[s] - snr[t])
                ratio = 0 if i == 0 or i + 2 == steps else h / (2 * float(snr[t] - snr[grid[i - 1]]))
                factor = -math.sqrt(following) * math.expm1(-h)
                x0, before = factor * (1 + ratio), -factor * ratio
        rows.append((1 / math.sqrt(now), -math.sqrt((1 - now) / now), u, x0, before))
    return rows


def sampler(rows, columns, solver):
    """All steps from noise, the network's prediction at hand; in place, as nothing is recorded."""
    eps, known = torch.randn(rows, columns), torch.randn(rows, columns)
    visible = torch.rand(rows, columns) < 0.5
    low, high = torch.full((columns,), -1.0), torch.full((columns,), 1.0)
    plan, buffers = coefficients(solver, 20), [torch.empty(rows, columns), torch.empty(rows, columns)]

    def work():
        u, (new, last) = torch.randn(rows, columns), buffers
        torch.where(visible, known, u, out=u)
        for x0_u, x0_eps, by_u, by_x0, by_last in plan:
            torch.mul(u, x0_u, out=new).add_(eps, alpha=x0_eps).clamp_(low, high)
            u.mul_(by_u).add_(new, alpha=by_x0)
            if by_last:
                u.add_(last, alpha=by_last)
            torch.where(visible, known, u, out=u)
            new, last = last, new
        return u
    return work


for name, shape in {"256x996": (256, 996), "large_8192x2000": (8192, 2000)}.items():
    case(f"q_sample {name}", f"q_sample/{name}")(lambda s=shape: q_sample(*s))
    for solver in ("ddpm", "dpm2m", "ddim"):
        case(f"diffusion_update {solver} {name}", f"diffusion_update/{solver}_{name}")(
            lambda s=shape, k=solver: update(*s, k))
for name, shape in {"dpm2m_20_steps_256x996": (256, 996, "dpm2m"), "ddim_20_steps_256x996": (256, 996, "ddim"),
                    "large_dpm2m_20_steps_8192x2000": (8192, 2000, "dpm2m")}.items():
    case(f"sampler {name}", f"sampler/{name}")(lambda s=shape: sampler(*s))

for name, shape in {"1024x33": (1024, 33), "large_8192x2000": (8192, 2000)}.items():
    case(f"random_normal {name}", f"random_fill/normal_{name}")(lambda s=shape: lambda: torch.randn(*s))
    case(f"random_uniform {name}", f"random_fill/uniform_{name}")(lambda s=shape: lambda: torch.rand(*s))

for name, n in {"12969": 12969, "large_1000003": 1000003}.items():
    case(f"permutation {name}", f"permutation/{name}")(lambda n=n: lambda: torch.randperm(n))


def softmax_draw(n):
    logits = torch.randn(n)
    return lambda: torch.multinomial(torch.softmax(logits, 0), 1024, replacement=True)


for name, n in {"19150_draw_1024": 19150, "large_1000000_draw_1024": 1000000}.items():
    case(f"softmax_sample {name}", f"softmax_sample/{name}")(lambda n=n: softmax_draw(n))


def sample_counts(rows, columns, own_zeros=False):
    """`own_zeros`: dispersion and extra zero of every entry."""
    log_mu, zeta = torch.empty(rows, columns).uniform_(-2, 4), torch.empty(rows, columns).uniform_(-3, 1)
    log_theta = torch.empty(*((rows,) if own_zeros else ()), columns).uniform_(-1, 2)

    def work():
        theta = log_theta.exp()
        counts = torch.poisson(torch._standard_gamma(theta.expand(rows, columns)) * (log_mu.exp() / theta))
        return counts.masked_fill_(torch.rand_like(zeta) < torch.sigmoid(zeta), 0) if own_zeros else counts
    return work


def sample_variates(rows, columns, draw):
    parameter = torch.empty(rows, columns).uniform_(0.5, 30)
    return lambda: draw(parameter)


for name, shape in {"1024x242": (1024, 242), "large_4096x2000": (4096, 2000)}.items():
    case(f"sample_counts {name}", f"sample_counts/{name}")(lambda s=shape: sample_counts(*s))
    case(f"sample_counts {name} zinb per entry", f"sample_counts/{name}_zinb_per_entry")(
        lambda s=shape: sample_counts(*s, True))
    for kind, draw in {"gamma": torch._standard_gamma, "poisson": torch.poisson}.items():
        case(f"sample_{kind} {name}", f"sample_variates/{kind}_{name}")(lambda s=shape, d=draw: sample_variates(*s, d))


def adam(size, kind=torch.optim.Adam, **decay):
    p = leaf(size)
    p.grad = torch.randn(size)
    optimizer = kind([p], fused=True, **decay)
    return optimizer.step


case("adam 559367", "adam/casper_559367")(lambda: adam(559367))
case("adam 559367 with decay in the gradient", "adam/casper_559367_l2")(lambda: adam(559367, weight_decay=0.01))
case("adamw 9200000", "adam/spotdiff_9200000_adamw")(lambda: adam(9200000, torch.optim.AdamW, weight_decay=0.01))
case("adam 20000000", "adam/large_20000000")(lambda: adam(20000000))
case("adamw 20000000", "adam/large_20000000_adamw")(lambda: adam(20000000, torch.optim.AdamW, weight_decay=0.01))


def moving_average(size):
    mean, p = torch.randn(size), torch.randn(size)
    return lambda: mean.lerp_(p, 0.001)


def clip(size):
    p = leaf(size)
    p.grad = torch.randn(size)
    return lambda: torch.nn.utils.clip_grad_norm_([p], 1.0)


for name, size in {"casper_559367": 559367, "spotdiff_9200000": 9200000}.items():
    case(f"ema {name}", f"ema/{name}")(lambda n=size: moving_average(n))
    case(f"clip_grad_norm {name}", f"clip_grad_norm/{name}")(lambda n=size: clip(n))


def gather(n_rows, genes, rows, stored_share, values="log1p", from_csr=False):
    """Rows that lie there dense are copied; `from_csr`: from the storage that stx gathers from."""
    counts = (1 + torch.poisson(torch.rand(n_rows, genes))) * (torch.rand(n_rows, genes) < stored_share)
    totals, shift, scale = counts.sum(1).clamp(min=1), torch.randn(genes), torch.rand(genes)
    batch = torch.randint(n_rows, (rows,))
    stored = counts.to_sparse_csr()
    stored = torch.sparse_csr_tensor(stored.crow_indices().int(), stored.col_indices().int(), stored.values(), counts.shape)
    one_each = torch.arange(rows + 1, dtype=torch.int32)

    def copied():
        out = counts.index_select(0, batch)
        return out if values == "counts" else out.mul_((1e4 / totals[batch])[:, None]).log1p_()

    def gathered():  # PyTorch cannot index CSR; a product that picks and scales rows is the fastest of its other ways
        factor = torch.ones(rows) if values == "counts" else 1e4 / totals[batch]
        out = torch.sparse_csr_tensor(one_each, batch.int(), factor, (rows, n_rows), check_invariants=False) @ stored
        if values != "counts":
            out.values().log1p_()
        return out.to_dense()

    def work():
        out = gathered() if from_csr else copied()
        return out.sub_(shift).mul_(scale) if values == "standardised" else out
    return work


for end, from_csr in {"": False, " from CSR": True}.items():
    case(f"gather_log1p 1024x33{end}", "gather_log1p/1024x33_half")(
        lambda c=from_csr: gather(3000, 33, 1024, 0.5, from_csr=c))
    case(f"gather_log1p 4096x10000{end}", "gather_log1p/large_4096x10000_tenth")(
        lambda c=from_csr: gather(4096, 10000, 4096, 0.1, from_csr=c))
    for kind in ("standardised", "counts"):
        case(f"gather_log1p 1024x2000 {kind}{end}", f"gather_log1p/1024x2000_tenth_{kind}")(
            lambda k=kind, c=from_csr: gather(3000, 2000, 1024, 0.1, k, c))
        case(f"gather_log1p 4096x10000 {kind}{end}", f"gather_log1p/large_4096x10000_tenth_{kind}")(
            lambda k=kind, c=from_csr: gather(4096, 10000, 4096, 0.1, k, c))


def timestep_embedding(rows):
    t = torch.rand(rows) * 1000

    def work():
        f = torch.exp(-math.log(10000) * torch.arange(128) / 128)
        return torch.cat([torch.cos(t[:, None] * f), torch.sin(t[:, None] * f)], 1)
    return work


for name, rows in {"256x256": 256, "large_65536x256": 65536}.items():
    case(f"timestep_embedding {name}", f"timestep_embedding/{name}")(lambda n=rows: timestep_embedding(n))


def gated(rows):
    x = torch.empty(rows, 4096).uniform_(-3, 3)
    return lambda: F.gelu(x[:, :2048], approximate="tanh") * x[:, 2048:]


def gated_backward(rows):
    x = leaf(rows, 4096, low=-3, high=3)
    return backward([x], lambda: F.gelu(x[:, :2048], approximate="tanh") * x[:, 2048:], torch.randn(rows, 2048))


for name, rows in {"220x2048": 220, "large_14080x2048": 14080}.items():
    case(f"gated_activation {name}, forward", f"gated_activation/{name}")(lambda n=rows: gated(n))
    case(f"gated_activation_bwd {name}", f"gated_activation_bwd/{name}")(lambda n=rows: gated_backward(n))


@case("schedule weight with gradient", "schedule/weight_1_with_gradient")
def scheduled_weight():  # PyTorch's schedules are numbers of the host: only their product with a term is the device's
    x = torch.full((1,), 2.0).requires_grad_()
    return train([x], lambda: 0.75 * x)


@case("schedule learning rate cosine", "schedule/learning_rate_cosine", cpu_only="it computes on the host")
def schedule_learning_rate():
    optimizer = torch.optim.SGD([torch.zeros(1)], 0.5)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 100)
    optimizer.step()
    return schedule.step
