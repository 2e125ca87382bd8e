"""Writes golden arrays as text: comment lines, then `name rows cols` and the values."""
import importlib.metadata
import pathlib

import numpy as np

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "golden"


def write(name, arrays, packages, fmt="%.9g", folder="data"):
    versions = ", ".join(f"{p} {importlib.metadata.version(p)}" for p in packages)
    (FOLDER / folder).mkdir(parents=True, exist_ok=True)
    with open(FOLDER / folder / name, "w") as out:
        out.write(f"# {versions}\n")
        for key, values in arrays.items():
            values = np.atleast_2d(np.asarray(values))
            out.write(f"{key} {values.shape[0]} {values.shape[1]}\n")
            for row in values:
                out.write(" ".join(fmt % v for v in row) + "\n")
