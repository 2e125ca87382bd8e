"""Golden values of the ops: runs every module of tests/reference/ops (or those named as arguments).

A module MODULE.py has PACKAGES, the packages whose versions are recorded, and arrays(), which returns
{name: array of at most 2 dimensions} in float64; they are written to tests/golden/ops/MODULE.txt.
"""
import importlib.util
import pathlib
import sys

import golden_text

folder = pathlib.Path(__file__).resolve().parent / "ops"
wanted = sys.argv[1:] or sorted(p.stem for p in folder.glob("*.py"))
for name in wanted:
    spec = importlib.util.spec_from_file_location(name, folder / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    golden_text.write(f"{name}.txt", module.arrays(), module.PACKAGES, fmt="%.17g", folder="ops")
    print("wrote", name)
