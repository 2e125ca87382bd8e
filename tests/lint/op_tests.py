#!/usr/bin/env python3
"""Every public op must have every kind of test. Usage: op_tests.py REPOSITORY

An op is a header of include/stx/ops or include/stx/optim whose comment says "Deterministic:". Its tests are the files
under tests/ that include it or one of its backends. Prints a line per op and kind of test that none of them has, and one
per function or class that takes numbers and that no tests/ops/check_finite_*_test.cpp calls, and one per public function
or class that no comparison of public ops on CUDA and the CPU names.
"""
import pathlib
import re
import sys

# Kind of test: what a file of this kind holds.
KINDS = {
    "golden values": r"golden::load",
    "gradients by central differences": r"check_gradients|central differences",
    "CUDA against the CPU": r"compare_devices|stx::Cuda",
    "captured and replayed": r"compare_devices|StepGraph",
    "sentinels": r"Guarded",
    "repeatability": r"same_bits|check_same_for_all_threads|== one\b|compare_devices",
    "numbers of threads": r"check_same_for_all_threads|threads = |threads\)",
    "wrong calls": r"CHECK_THROWS|message\(",
}
# The same in files with the op's own name (or, where there is none, that of its backend): other ops' tests hold the
# words too. A reference is called naive, by namespace or name; check_close compares with one in double and one in T.
ODD = r": odd_sizes\)|\{[^{}]*\b31\b[^{}]*\b33\b[^{}]*\b1023\b"
OWN_KINDS = {
    "values against a naive reference": r"check_close\(|\bnaive::(?!random_rows|chi_square|histogram)\w+|\bnaive_\w+\(",
    "odd shapes": ODD,
    "properties": r'\*\s+doctest::test_suite\("properties"\)\)',
}
OWN_CUDA_KINDS = {
    "odd shapes on CUDA": ODD,
    "gradients overwritten and added to": r"GradWrite::accumulate",
    "outputs written over old numbers": r"rig\.(?:output|buffer)\(|std::vector<[\w:]+>\([^;{}]*, -?\d+(?:\.0|u)?\)",
}
# Kinds that an op has no use for, and why.
IN_PLACE = "changes its arguments in place: what was there is an input"
EXCUSED = {
    ("schedule", "gradients by central differences"): "a factor: its gradient is compared exactly",
    ("timestep_embedding", "gradients by central differences"): "times are constants",
    ("timestep_embedding", "gradients overwritten and added to"): "times are constants",
    ("reshape", "golden values"): "the same memory: compared exactly",
    ("reshape", "values against a naive reference"): "the same memory: compared exactly",
    ("reshape", "odd shapes on CUDA"): "has no kernel",
    ("reshape", "gradients overwritten and added to"): "has no kernel: add_to's are in elementwise_cuda_test.cpp",
    ("schedule", "odd shapes on CUDA"): "one number",
    ("sample_counts", "values against a naive reference"): "rejection sampler: judged by its distribution",
    ("sample_variates", "values against a naive reference"): "rejection samplers: judged by their distributions",
    ("adam", "outputs written over old numbers"): IN_PLACE,
    ("clip_grad_norm", "outputs written over old numbers"): IN_PLACE,
    ("ema", "outputs written over old numbers"): IN_PLACE,
}


def includes(root, header, seen=None):
    """The headers of stx that `header` includes, at any depth, but for the bodies."""
    seen = set() if seen is None else seen
    for name in re.findall(r'#include "(stx/(?:ops|backend|optim)/[^"]+)"', (root / "include" / header).read_text()):
        if name not in seen:
            seen.add(name)
            includes(root, name, seen)
    return seen


# Numbers on a device, by the types of parameters that hold them.
NUMBERS = r"\b(?:Var|Tensor|Counts|ColumnSlice|Gaussian|BatchLayout|Dispersion|ParameterStore)<T, D>"
READS_NOTHING = {"reshape"}  # hands on the memory of its input


def without_details(header):
    return re.sub(r"(?s)namespace (stx::)?detail \{.*?\}  // namespace (stx::)?detail", "", header.read_text())


def public_headers(root):
    return sorted(p for part in ("ops", "optim") for p in (root / "include/stx" / part).glob("*.hpp"))


def own_files(root, stem, backends, end):
    """Text of tests/ops/NAME[_properties]END: NAME is the op's stem or, where there is no such file, its backends'."""
    for names in [stem], backends:
        held = [(root / "tests/ops" / f"{name}{part}{end}") for name in sorted(names) for part in ("", "_properties")]
        if any(path.exists() for path in held):
            return "".join(path.read_text() for path in held if path.exists())
    return ""


def calls(text):
    """Functions and classes of stx that a test calls with a context, or makes."""
    return set(re.findall(r"stx::(?:optim::)?(\w+)(?:<[\w:, ]*>)?(?:\(\s*ctx| \w+\(ctx)", text))


def unchecked(root):
    """Public functions and classes of numbers that no test of ContextOptions::check_inputs calls."""
    called = set()
    for path in (root / "tests/ops").glob("check_finite_*_test.cpp"):
        called |= calls(path.read_text())
    for header in public_headers(root):
        text = without_details(header)
        taking = re.findall(r"(?s)\n[\w:]+(?:<[\w:, ]*>)? (\w+)\(Context<D>& ctx, ((?:[^{};]|\{\})*?)\) \{", text)
        taking += re.findall(r"(?s)\n  (?:explicit )?([A-Z]\w+)\(Context<D>& ctx, ([^{};]*?)\)\s*:", text)
        for name, taken in taking:
            if re.search(NUMBERS, taken) and name not in called | READS_NOTHING:
                yield f"{header.relative_to(root)}: {name} is missing in tests/ops/check_finite_*_test.cpp"


def never_on_cuda(root):
    """Public functions and classes on a device that no test through support/public_op.hpp calls on CUDA."""
    called = set()
    for path in (root / "tests").rglob("*_cuda_test.cpp"):
        if "support/public_op.hpp" in (text := path.read_text()):
            called |= calls(text)
    for header in public_headers(root):
        text = without_details(header)
        functions = re.findall(r"\n[\w:]+(?:<[\w:, ]*>)? (\w+)\(Context<D>& ctx", text)
        for name in dict.fromkeys(functions + re.findall(r"template <[^>]*class D>\nclass (\w+)", text)):
            if name not in called:
                yield f"{header.relative_to(root)}: {name} is compared on CUDA by no test with support/public_op.hpp"


def main():
    root = pathlib.Path(sys.argv[1])
    # A test file that checks an op through a helper has the helper's words too.
    support = {f"support/{p.name}": p.read_text() for p in (root / "tests/support").glob("*.hpp")}
    tests = {}
    for path in (root / "tests").rglob("*_test.cpp"):
        text = path.read_text()
        names = set(re.findall(r'#include "(stx/(?:ops|backend|optim)/[^"]+)"', text))
        for helper in re.findall(r'#include "(support/(?:golden_op|layer_check|count_ops|gradient_check)[^"]*)"', text):
            names |= set(re.findall(r'#include "(stx/ops/[^"]+)"', support.get(helper, "")))
            if helper == "support/golden_op.hpp":
                text += "golden::load"
        tests[path] = (names, text)
    broken = 0
    for header in public_headers(root):
        text = header.read_text()
        if "Deterministic:" not in text:
            continue
        name = f"stx/{header.parent.name}/{header.name}"
        backends = {n for n in includes(root, name) if n.startswith("stx/backend/")}
        own = {n for n in re.findall(r'#include "(stx/backend/[^"]+)"', text)}
        for inner in re.findall(r'#include "(stx/ops/[^"]+)"', text):  # an op that is made of another
            if "Deterministic:" not in (root / "include" / inner).read_text() or not own:
                own |= {n for n in includes(root, inner) if n.startswith("stx/backend/")} & backends
                own |= set(re.findall(r'#include "(stx/backend/[^"]+)"', (root / "include" / inner).read_text()))
        held = "".join(text for names, text in tests.values() if names & (own | {name}))
        stems = {pathlib.Path(n).stem for n in own} - {"elementwise", "transfer"}
        on_cpu = own_files(root, header.stem, stems, "_test.cpp")
        on_cuda = own_files(root, header.stem, stems, "_cuda_test.cpp")
        kinds = [(kind, words, text) for table, text in
                 ((KINDS, held), (OWN_KINDS, on_cpu), (OWN_CUDA_KINDS, on_cuda)) for kind, words in table.items()]
        has_gradient = re.search(r"\bVar<T, D> \w+\(|Tape<D>::Node", text)
        for kind, words, searched in kinds:
            if kind.startswith("gradients") and not has_gradient or kind.startswith("outputs") and has_gradient:
                continue
            if (header.stem, kind) not in EXCUSED and not re.search(words, searched):
                print(f"{header.relative_to(root)}: no test of {kind}")
                broken = 1
    for line in [*unchecked(root), *never_on_cuda(root)]:
        print(line)
        broken = 1
    if not broken:
        print("Every op has every kind of test")
    sys.exit(broken)


if __name__ == "__main__":
    main()
