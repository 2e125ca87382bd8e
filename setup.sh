#!/usr/bin/env bash
# Installs what stx builds with (Debian/Ubuntu packages); does nothing when nothing is missing.
set -euo pipefail
packages=(g++ cmake ninja-build libeigen3-dev doctest-dev libbenchmark-dev libhdf5-dev zlib1g-dev libcli11-dev
          nlohmann-json3-dev libfmt-dev libigraph-dev libboost-context-dev)
missing=()
for p in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q '^install ok installed$' || missing+=("$p")
done
if [ ${#missing[@]} -eq 0 ]; then exit 0; fi
if ! command -v apt-get >/dev/null; then
  echo "setup.sh: this system has no apt-get. Install the equivalents of: ${missing[*]}" >&2
  exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "setup.sh: needs root to install packages. Run as root: apt-get install ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi
echo "setup.sh: installing ${missing[*]}"
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
