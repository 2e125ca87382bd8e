#!/usr/bin/env python3
"""Writes the measured tables of docs/kernels/*.md from bench/results.

Between the lines "<!-- measured: PATTERN -->" and "<!-- end -->" of a page stand the cases of
bench/results/compare_ops_pytorch.json whose names match PATTERN.
Usage: make_measured.py [--check]     --check writes nothing and fails when a page is out of date.
"""
import re
import sys

from make_ops import ROOT, measured, results

BLOCK = re.compile(r"(<!-- measured: (.*?) -->\n).*?(<!-- end -->)", re.S)


def gathered_bytes(case):
    """What docs/kernels/gat.md counts at the top: gathered rows at every edge."""
    found = re.search(r"(\d+)_nodes_k(\d+)_(\d+)_heads?_x_(\d+)", case)
    nodes, degree, heads, dim = (int(n) for n in found.groups())
    edges, width = nodes * degree, heads * dim
    forward = nodes * (4 * width + 8 * heads) + edges * (4 * width + 8 * heads) + 4 * nodes * width
    backward = (8 * nodes * width + edges * (4 * width + 20 * heads) + 4 * nodes * width + 4 * edges * heads +
                4 * edges * heads + 16 * nodes * width)
    return forward + backward


def table(pattern):
    compared, context = results("compare_ops_pytorch.json"), results("bench_ops_cpu.json")["context"]
    rows = measured()
    copied, multiplied = float(context["cpu copy GB/s"]), float(context["cpu gemm GFLOP/s"])
    machine = compared["machine"]
    cases = {name: c for name, c in compared["cases"].items() if re.search(pattern, name)}
    if not cases:
        sys.exit(f"no case of compare_ops_pytorch.json matches {pattern}")
    commits = " and ".join(dict.fromkeys(c["commit"] for c in cases.values()))
    built = f", compiler {machine['compiler']}, commit {commits}"
    out = [f"CPU: {machine['cpu']}, {compared['threads']} threads, float{built}, beside PyTorch {machine['torch']} in one run",
           f"(`bench/ops/compare_pytorch.py`). Predicted: the larger of bytes at {copied:.1f} GB/s (copying) and FLOP at",
           f"{multiplied:.0f} GFLOP/s (the matrix product), both measured by `bench_ops` on this machine.", "",
           "| case | MB | MFLOP | predicted ms | measured ms | measured / predicted | PyTorch ms | times faster |",
           "|---|---|---|---|---|---|---|---|"]
    for name, c in cases.items():
        size = gathered_bytes(name) if name.startswith("gat ") else sum(rows[b]["bytes"] for b in c["benchmarks"])
        flop = sum(rows[b]["flop"] for b in c["benchmarks"])
        by = {"bytes": size / copied * 1e-6, "FLOP": flop / multiplied * 1e-6}
        bound = max(by, key=by.get)
        ms = c["stx_us"] * 1e-3
        out.append(f"| {name} | {size * 1e-6:.1f} | {flop * 1e-6:.1f} | {by[bound]:.3f} ({bound}) | {ms:.3f} | "
                   f"{ms / by[bound]:.1f} | {c['pytorch_us'] * 1e-3:.2f} | {c['times_faster']:.1f} |")
    return "\n".join(out) + "\n"


def main():
    stale = []
    for path in sorted((ROOT / "docs/kernels").glob("*.md")):
        text = path.read_text()
        made = BLOCK.sub(lambda m: m[1] + table(m[2]) + m[3], text)
        if made == text:
            continue
        stale.append(str(path.relative_to(ROOT)))
        if "--check" not in sys.argv[1:]:
            path.write_text(made)
    if stale and "--check" in sys.argv[1:]:
        sys.exit(f"{', '.join(stale)}: out of date; run docs/make_measured.py")


if __name__ == "__main__":
    main()
