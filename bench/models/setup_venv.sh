#!/bin/sh
# Makes the Python environment of the comparisons in this folder, outside the source tree, from PyPI.
# Usage: setup_venv.sh [FOLDER]   (default: ~/.cache/stx/bench-venv; several GB: PyPI builds PyTorch with CUDA)
set -eu
folder=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/stx/bench-venv}
source_tree=$(cd "$(dirname "$0")/../.." && pwd)
case "$(realpath -m "$folder")/" in
"$source_tree"/*) echo "setup_venv.sh: $folder is inside the source tree; choose another folder" >&2; exit 2 ;;
esac
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet numpy scipy scikit-learn anndata scanpy igraph leidenalg torch
echo "$folder/bin/python"
