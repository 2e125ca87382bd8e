#!/usr/bin/env python3
"""Writes docs/ops.md from the comments of include/stx/{ops,optim}/*.hpp and the results under bench/results.

Usage: make_ops.py [--check]     --check writes nothing and fails when docs/ops.md is out of date.
"""
import json
import pathlib
import re
import statistics
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FAMILIES = {
    "Dense": ["linear", "matmul", "batched_matmul", "csr_matmul", "fold_projection", "activate", "gated_activation",
              "concat_columns", "gather_rows", "gather_mean", "matvec"],
    "Normalisation": ["batch_norm", "layer_norm", "rms_norm", "ada_layer_norm", "residual_layer_norm",
                      "gated_residual"],
    "Attention": ["softmax", "attention", "shared_kv_attention", "relative_bias"],
    "Graph": ["gat", "top_k", "cross_top_k", "grid_knn", "neighbour_sample"],
    "Counts": ["gather_log1p", "count_log_prob", "count_decoder", "count_decoder_mean", "sample_counts"],
    "Divergences and losses": ["gaussian_kl", "gaussian_sample", "mse", "l1_loss", "pearson_loss", "cross_entropy",
                               "contrastive", "pair_bits", "weighted_sum"],
    "Diffusion": ["q_sample", "timestep_embedding", "diffusion_update"],
    "Sampling": ["random_fill", "draw_rows", "hide_inputs", "permutation", "shuffled_batch", "softmax_sample",
                 "draw_partners", "sample_variates"],
    "Optimisers": ["adam", "ema", "schedule", "clip_grad_norm"],
    "Metrics": ["gene_metrics"],
}
# Where the benchmarks have other names than the op's header, or a header has several ops: the pattern of family/case.
BENCHES = {"matmul": r"gemm/", "batched_matmul": r"batched_gemm(_bwd)?/", "shuffled_batch": r"permutation/",
           "grid_knn": r"grid_knn/", "sort_into_cells": r"cell_sort/", "scheduled_weight": r"schedule/weight_", "schedule_learning_rate": r"schedule/learning_rate_",
           "Adam": r"adam/", "ParameterEma": r"ema/",
           "diffusion_update": r"(diffusion_update|sampler)/",
           "random_normal": r"random_fill/normal_", "random_uniform": r"random_fill/uniform_",
           "sample_gamma": r"sample_variates/gamma_", "sample_poisson": r"sample_variates/poisson_",
           "count_log_prob": r"count_log_prob(_fwd|_bwd)/(?!(large_)?decoder_)",
           "count_decoder": r"count_log_prob(_fwd|_bwd)/(large_)?decoder_"}
# Ops without a benchmark of their own, and whose it is.
MEASURED_AS = {"add": "the kernel of `activate`, without an activation",
               "fold_into_keys": "one product of `batched_matmul`", "fold_into_values": "one product of `batched_matmul`",
               "log_normal_kl": "`gaussian_kl`, whose call it is", "reshape": "nothing to measure: no value moves"}
NO_OPS = r"(add_to|fill)/"  # benchmarks of what only the tape uses
# Public functions that are no ops: they run once, on the host.
ON_THE_HOST = {"csr_pattern", "to_gene_scores"}
FIELDS = ("Numerics", "Gradient", "Gradients", "Deterministic", "Capturable", "Source")


def constructor(lines, name):
    """Comment lines of the documented constructor of class `name`, whose lines follow."""
    for i, line in enumerate(lines):
        if re.match(rf"\s*(explicit )?{name}\(Context<D>& ctx", line):
            first = i
            while lines[first - 1].lstrip().startswith("///"):
                first -= 1
            return [c.lstrip()[3:].removeprefix(" ") for c in lines[first:i]]
        if line.startswith("};"):
            break
    return []


def blocks(text):
    """(comment lines, declaration) of every documented function or class template of a header; a class has its constructor's
    comment too."""
    lines = text.split("\n")
    for i, line in enumerate(lines):
        if not line.startswith("template <") or i == 0 or not lines[i - 1].startswith("///"):
            continue
        first = i
        while lines[first - 1].startswith("///"):
            first -= 1
        declaration = []
        for following in lines[i + 1:]:
            declaration.append(following.strip())
            if "{" in following or ";" in following:
                break
        declaration = " ".join(declaration)
        if declaration.startswith(("struct", "concept")):
            continue
        comment = [c[3:].removeprefix(" ") for c in lines[first:i]]
        if declaration.startswith("class"):
            comment += constructor(lines[i + 1:], name_of(declaration))
        yield comment, re.sub(r"\s*(\{.*|;)$", "", declaration)


def parse(comment):
    """Summary, formula lines, parameters [(name, text)], results, errors and named fields."""
    op = {"summary": [], "formula": [], "params": [], "return": "", "throws": ""}
    tail = []
    target = "summary"
    for line in comment:
        stripped = line.strip()
        named = re.match(r"@param\s+(\w+(?:, \w+)*)\s+(.*)", stripped)
        if named:
            op["params"].append([named[1], named[2]])
            target = "params"
        elif stripped.startswith("@return"):
            op["return"] = stripped.removeprefix("@return").strip()
            target = "return"
        elif stripped.startswith("@throws"):
            op["throws"] = stripped.removeprefix("@throws").strip()
            target = "throws"
        elif re.match(rf"({'|'.join(FIELDS)}):", stripped):
            target = "tail"
            tail.append(stripped)
        elif not stripped:
            continue
        elif target == "summary" and line.startswith("  "):
            op["formula"].append(line[2:].rstrip())
        elif target == "params":
            op["params"][-1][1] += " " + stripped
        elif target in ("return", "throws"):
            op[target] += " " + stripped
        else:
            (tail if target == "tail" else op["summary"]).append(stripped)
    op["summary"] = " ".join(op["summary"])
    text = " ".join(tail)
    for field in FIELDS:
        found = re.search(rf"(?:^|[.;)] |\s){field}: (.*?)(?=\s(?:{'|'.join(FIELDS)}): |$)", text)
        op[field] = found[1].strip() if found else ""
    return op


def name_of(declaration):
    found = re.match(r"class (\w+)", declaration) or re.search(r"(\w+)\s*\(", declaration)
    return found[1] if found else ""


def undescribed(headers):
    """Public functions on a context, and classes, of which no overload tells all that is asked of it."""
    missing = []
    for stem, path in sorted(headers.items()):
        text = re.sub(r"(?s)namespace ((?:stx::)?)detail \{.*?\}  // namespace \1detail", "", path.read_text())
        said, named = set(), set()
        for comment, declaration in blocks(text):
            if not declaration.startswith("class") and "(Context<D>&" not in declaration:
                continue
            named.add(name_of(declaration))
            op = parse(comment)
            if op["Deterministic"] and op["Capturable"] and op["Source"]:
                said.add(name_of(declaration))
        missing += [f"{stem}.hpp: {name}" for name in sorted(named - said - ON_THE_HOST)]
    return missing


def incomplete(name, declaration, op):
    """What the comment of an op lacks."""
    takes = re.search(r"\(Context<D>& ctx(, \w)?", declaration)
    if not op["params"] and (declaration.startswith("class") or takes[1]):
        yield "@param"
    if not op["return"] and not declaration.startswith(("class", "void")):
        yield "@return"
    if not op["formula"] and not op["summary"]:
        yield "what it computes"


def first_sentence(text):
    return re.split(r"(?<=[a-z0-9)])[.:;] ", text.rstrip("."))[0] + "."


def results(name):
    path = ROOT / "bench" / "results" / name
    return json.loads(path.read_text()) if path.exists() else {}


def measured():
    """{benchmark: row} of the CPU's medians; the key is family/case, without the device."""
    rows = {}
    for b in results("bench_ops_cpu.json").get("benchmarks", []):
        if b.get("aggregate_name") != "median":
            continue
        device, family, case = b["run_name"].split("/")[:3]
        rows[f"{family}/{case}"] = b
    return rows


def pattern(op):
    return re.compile(BENCHES.get(op, rf"{op}(_fwd|_bwd)?/"))


def elsewhere():
    """The comparisons with PyTorch on other machines than the first."""
    return [results(path.name) for path in sorted((ROOT / "bench" / "results").glob("compare_ops_pytorch_*.json"))]


def summary(compared):
    """How many cases, how much faster, and which are not."""
    times = {name: c["times_faster"] for name, c in compared["cases"].items()}
    slower = ", ".join(f"{name} {t:.2f}" for name, t in sorted(times.items(), key=lambda x: x[1]) if t < 1)
    return (f"{len(times)} cases, {statistics.median(times.values()):.1f} times faster in the median, "
            f"slower: {slower or 'none'}")


def times_faster(case):
    """With the commit that was measured; - where the case was not."""
    return f"{case['times_faster']:.2f} ({case['commit']})" if case else "-"


def table(op, rows, compared, peaks, others):
    """Measured numbers of an op; shares of copying and of GEMM are of the peaks in the head of the page."""
    of_op = pattern(op)
    mine = {k: b for k, b in rows.items() if of_op.match(k)}
    if not mine:
        return ["", f"Measured as {MEASURED_AS[op]}."] if op in MEASURED_AS and rows else []
    out = ["", "| benchmark | µs | GB/s | % of copying | GFLOP/s | % of GEMM |", "|---|---|---|---|---|---|"]
    for key, b in mine.items():
        bytes_rate, flop_rate = b.get("GB/s", 0), b.get("GFLOP/s", 0)
        out.append(f"| {key} | {b['real_time']:.1f} | {bytes_rate:.1f} | {100 * bytes_rate / peaks[0]:.0f} | "
                   f"{flop_rate:.1f} | {100 * flop_rate / peaks[1]:.0f} |")
    runs = [compared, *(other["cases"] for other in others)]
    beside = {name: " + ".join(c["benchmarks"]) for run in runs for name, c in run.items() if any(map(of_op.match, c["benchmarks"]))}
    if beside:
        head = ["in one run", "stx µs", "PyTorch µs", "times faster (commit)", *(f"on {other['machine']['cpu']}" for other in others)]
        out += ["", f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
        for name, benchmarks in beside.items():  # where several cases are of the same benchmarks, the case's name too
            cells = [f"{benchmarks} ({name})" if list(beside.values()).count(benchmarks) > 1 else benchmarks]
            cells += [f"{compared[name][t]:.1f}" if name in compared else "-" for t in ("stx_us", "pytorch_us")]
            out.append(f"| {' | '.join(cells + [times_faster(run.get(name)) for run in runs])} |")
    return out


def render():
    rows = measured()
    compared = results("compare_ops_pytorch.json")
    pytorch, others = compared.get("cases", {}), elsewhere()
    context = results("bench_ops_cpu.json").get("context", {})
    headers = {p.stem: p for part in ("ops", "optim") for p in (ROOT / "include" / "stx" / part).glob("*.hpp")}
    families = dict(FAMILIES)
    known = {stem for stems in families.values() for stem in stems}
    families["Others"] = sorted(s for s in headers if s not in known and list(blocks(headers[s].read_text())) and
                                "Deterministic:" in headers[s].read_text())
    peaks = [float(context.get(k, 1)) for k in ("cpu copy GB/s", "cpu gemm GFLOP/s")]
    index, details, shown, problems = [], [], [], []
    for family, stems in families.items():
        present = [s for s in stems if s in headers]
        if not present:
            continue
        details += ["", f"## {family}"]
        for stem in present:
            text = headers[stem].read_text()
            for comment, declaration in blocks(text):
                op = parse(comment)
                name = name_of(declaration)
                if not name or not op["Deterministic"]:
                    continue
                problems += [f"{stem}.hpp: {name}: no {part}" for part in incomplete(name, declaration, op)]
                title = f"`{name}`"
                index.append(f"| [{title}](#{name}) | {family} | {first_sentence(op['summary'])} | {op['Deterministic'].rstrip('.')} | "
                             f"{op['Capturable'].rstrip('.')} |")
                details += ["", f"### <a id=\"{name}\"></a>{title}", f"`{headers[stem].parent.name}/{stem}.hpp`. {op['summary']}", ""]
                if op["formula"]:
                    details += ["```text", *op["formula"], "```", ""]
                if op["params"]:
                    details += ["| argument | |", "|---|---|"]
                    details += [f"| `{n}` | {t.replace('|', chr(92) + '|')} |" for n, t in op["params"]]
                if op["return"]:
                    details += [f"| returns | {op['return'].replace('|', chr(92) + '|')} |"]
                facts = [("Errors", op["throws"])] + [(f, op[f]) for f in FIELDS]
                details += [""] + [f"- {name}: {value}" for name, value in facts if value]
                if name not in shown:
                    numbers = table(name, rows, pytorch, peaks, others)
                    if rows and not numbers:
                        problems.append(f"{stem}.hpp: {name}: no benchmark")
                    details += numbers
                shown.append(name)
    problems += [f"{missing}: no \"Deterministic:\", \"Capturable:\" or \"Source:\"" for missing in undescribed(headers)]
    problems += [f"{key}: a benchmark of no op" for key in rows
                 if not re.match(NO_OPS, key) and not any(pattern(s).match(key) for s in shown)]
    if problems:
        sys.exit("\n".join(problems))
    machine = ""
    if rows:
        machine = (f"Numbers: median of 5 on {context.get('cpu', 'a CPU')}, {context.get('threads', '?')} threads, "
                   f"{context.get('compiler', '')}, measured copy bandwidth {float(context.get('cpu copy GB/s', 0)):.1f} GB/s, "
                   f"GEMM {float(context.get('cpu gemm GFLOP/s', 0)):.0f} GFLOP/s (`bench/results/bench_ops_cpu.json`), "
                   "to which the percentages are (data in cache can be faster than copying); "
                   "`_fwd` and `_bwd` are the forward and the backward pass.")
        if pytorch:
            machine += f" PyTorch {compared['machine']['torch']} ran beside it (`bench/ops/compare_pytorch.py`): {summary(compared)}."
        for other in others:
            machine += (f" The last column of those tables: times faster on {other['machine']['cpu']}, {other['threads']} threads, "
                        f"PyTorch {other['machine']['torch']}: {summary(other)}.")
        machine += " On a GPU: not measured yet."
    return "\n".join(["# The ops", "",
                      "<!-- Written by docs/make_ops.py from include/stx/ops and include/stx/optim; do not edit. -->", "",
                      "Every op runs on `Context<Cpu>` (float and double) and `Context<Cuda>` (float). Shapes are row-major.",
                      machine, "", "| op | family | what | deterministic | capturable |", "|---|---|---|---|---|",
                      *index, *details, ""])


def main():
    text = render()
    path = ROOT / "docs" / "ops.md"
    if "--check" not in sys.argv[1:]:
        path.write_text(text)
    elif not path.exists() or path.read_text() != text:
        sys.exit("docs/ops.md is out of date; run docs/make_ops.py")


if __name__ == "__main__":
    main()
