"""PyTorch expressions of what picks, draws, joins, searches and sums rows, for compare_pytorch.py."""
import torch
import torch.nn.functional as F

from pytorch_case import both, case, leaf, train


def concat(rows):
    a, b = torch.randn(rows, 256), torch.randn(rows, 256)
    return lambda: torch.cat([a, b], 1)


def cut(rows):
    grad = torch.randn(rows, 512)
    return lambda: [part.contiguous() for part in grad.split(256, 1)]


for name, rows in {"3840x256+256": 3840, "large_65536x256+256": 65536}.items():
    case(f"concat_columns {name}", f"concat_columns/{name}")(lambda n=rows: concat(n))
    case(f"concat_columns_bwd {name}", f"concat_columns_bwd/{name}")(lambda n=rows: cut(n))


def partners(count):
    lists, rows = torch.randint(20000, (20000, 50)), torch.randint(20000, (count,))
    return lambda: lists[rows, torch.randint(50, (count,))]


for name, count in {"1024": 1024, "large_1048576": 1048576}.items():
    case(f"draw_partners {name}", f"draw_partners/{name}")(lambda n=count: partners(n))
    case(f"draw_rows {name}", f"draw_rows/{name}")(lambda n=count: lambda: torch.randint(100000, (n,)))


def flat(size, adds):
    a, b = torch.randn(size), torch.randn(size)
    return (lambda: a.add_(b)) if adds else (lambda: a.fill_(0.5))


for name, size in {"262144": 262144, "large_33554432": 33554432}.items():
    case(f"fill {name}", f"fill/{name}")(lambda n=size: flat(n, False))
    case(f"add_to {name}", f"add_to/{name}")(lambda n=size: flat(n, True))


def gather(rows, table_rows, width, reduce):
    table, ids = torch.randn(table_rows, width), torch.arange(rows) * 7919 % table_rows
    return (lambda: table[ids].mean(0)) if reduce else (lambda: torch.index_select(table, 0, ids))


def scatter(rows, table_rows, width):
    grad, ids = torch.randn(rows, width), torch.arange(rows) * 7919 % table_rows
    return lambda: torch.zeros(table_rows, width).index_add_(0, ids, grad)


for name, rows in {"1024x300": 1024, "large_65536x300": 65536}.items():
    case(f"gather_mean {name}", f"gather_mean/{name}")(lambda n=rows: gather(n, 20000, 300, True))
for name, shape in {"256x768": (256, 32128, 768), "large_56320x768": (56320, 32128, 768), "4096_of_2x64": (4096, 2, 64),
                    "4096_of_2000x64": (4096, 2000, 64)}.items():
    case(f"gather_rows {name}", f"gather_rows/{name}")(lambda s=shape: gather(*s, False))
    case(f"gather_rows_bwd {name.replace('_of_', ' of ').removesuffix('x64')}", f"gather_rows_bwd/{name}")(
        lambda s=shape: scatter(*s))


def hide(rows, columns):
    ones = torch.ones(rows, columns)
    share = torch.full((rows, 1), 0.4)

    def work():
        hidden = (torch.rand(rows, columns) < share).float()
        return ones * (1 - hidden), hidden
    return work


for name, shape in {"1024x33": (1024, 33), "large_8192x2000": (8192, 2000)}.items():
    case(f"hide_inputs {name}", f"hide_inputs/{name}")(lambda s=shape: hide(*s))


def l1(rows, columns):
    y, target = leaf(rows, columns), torch.randn(rows, columns)
    return train([y], lambda: F.l1_loss(y, target))


for name, shape in {"512x2": (512, 2), "large_8192x2000": (8192, 2000)}.items():
    case(f"l1_loss {name}", *both("l1_loss", name))(lambda s=shape: l1(*s))


def matvec(rows):
    a, x = torch.randn(rows, 300), torch.randn(300)
    return lambda: a @ x


for name, rows in {"19150x300": 19150, "large_100000x300": 100000}.items():
    case(f"matvec {name}", f"matvec/{name}")(lambda n=rows: matvec(n))


@case("neighbour_sample 100000 nodes, 5 of 20", "neighbour_sample/100000_nodes_5_of_20")
def neighbour_sample():  # equal degrees: five of twenty random keys are a draw without replacement
    neighbours = torch.randint(100000, (100000, 20))
    return lambda: neighbours.gather(1, torch.rand(100000, 20).topk(5).indices)


def pair_bits(n, by_columns):
    lists = torch.arange(20000)[:, None] % 400 + 400 * torch.arange(50)
    anchors, others = torch.arange(n) * 17 % 20000, torch.arange(n) * 7919 % 20000

    def work():
        listed = torch.zeros(n, 20000, dtype=torch.bool).scatter_(1, lists[anchors], True)[:, others]
        return listed.T.contiguous() if by_columns else listed
    return work


for name, n in {"1024": 1024, "large_4096": 4096}.items():
    for way in ("rows", "columns"):
        case(f"pair_bits {name} by {way}", f"pair_bits/{name}_by_{way}")(
            lambda n=n, w=way: pair_bits(n, w == "columns"))


def bucket_of(length):
    """T5's buckets of relative positions, 32 of them to distance 128 (Raffel et al. 2020)."""
    relative = torch.arange(length)[None] - torch.arange(length)[:, None]
    distance = relative.abs()
    far = 8 + (torch.log(distance.clamp(min=1) / 8) / torch.log(torch.tensor(128 / 8)) * 8).long()
    return torch.where(distance < 8, distance, far.clamp(max=15)) + 16 * (relative > 0)


def relative_bias(length):
    table, buckets = torch.randn(32, 12), bucket_of(length)
    return lambda: F.embedding(buckets, table).permute(2, 0, 1).contiguous()


def relative_bias_backward(length):
    buckets, grad = bucket_of(length).flatten(), torch.randn(12, length, length)
    return lambda: torch.zeros(32, 12).index_add_(0, buckets, grad.permute(1, 2, 0).reshape(-1, 12))


for length, name in {220: "12_heads_220", 512: "12_heads_512", 2048: "large_12_heads_2048"}.items():
    case(f"relative_bias 12 heads {length}", f"relative_bias/{name}")(lambda n=length: relative_bias(n))
    case(f"relative_bias_bwd 12 heads {length}", f"relative_bias_bwd/{name}")(lambda n=length: relative_bias_backward(n))


def weighted_sum(rows):
    values, weights = leaf(rows), torch.randn(rows)
    return train([values], lambda: 0.5 * (values * weights).sum())


for name, rows in {"1024": 1024, "large_65536": 65536}.items():
    case(f"weighted_sum {name}", *both("weighted_sum", name))(lambda n=rows: weighted_sum(n))


def in_tiles(queries, tile, nearest):
    """Best of all rows, a tile of queries at a time: the whole matrix would not fit."""
    return lambda: [nearest(q) for q in queries.split(tile)]


@case("top_k large 4096x65536x128 cosine", "top_k/large_4096x65536x128_k100_cosine")
def top_k_large():
    queries, points = torch.randn(4096, 128), torch.randn(65536, 128)
    return in_tiles(queries, 1024, lambda q: torch.topk(F.normalize(q) @ F.normalize(points).T, 100))


def cross_top_k(n, tile):
    a, b = F.normalize(torch.randn(n, 300)), F.normalize(torch.randn(n, 300))

    def work():
        return in_tiles(a, tile, lambda q: torch.topk(q @ b.T, 50))(), in_tiles(b, tile, lambda q: torch.topk(q @ a.T, 50))()
    return work


for name, n in {"4000x4000x300_k50": 4000, "large_20000x20000x300_k50": 20000}.items():
    case(f"cross_top_k {name}", f"cross_top_k/{name}")(lambda n=n: cross_top_k(n, 2000))


def cell_sort(n):
    points = torch.rand(n, 2) * 2 - 1
    side = int((n / 4) ** 0.5)

    def work():
        cell = ((points + 1) * (side / 2)).long().clamp_(max=side - 1)
        order = torch.argsort(cell[:, 1] * side + cell[:, 0], stable=True)
        return points[order], torch.cumsum(torch.bincount(cell[:, 1] * side + cell[:, 0], minlength=side * side), 0)
    return work


for name, n in {"19150": 19150, "large_1000000": 1000000}.items():
    case(f"cell_sort {name} points", f"cell_sort/{name}_points_2d")(lambda n=n: cell_sort(n))


def grid_knn(dimensions):
    from scipy.spatial import cKDTree  # PyTorch has no search tree
    points = torch.rand(100000, dimensions).numpy()
    tree = cKDTree(points)  # outside the timing, as stx's grid
    return lambda: tree.query(points, 21, workers=torch.get_num_threads())


for dimensions in (2, 3):
    name = f"100000_points_{dimensions}d_k20"
    case(f"grid_knn {name} (SciPy)", f"grid_knn/{name}", cpu_only="PyTorch has no search tree, SciPy no GPU")(
        lambda d=dimensions: grid_knn(d))
