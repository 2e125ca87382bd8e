#!/usr/bin/env bash
# Usage: bench/pack_deps.sh DIR
# Copies what stx's tests and benchmarks need beside the CUDA toolkit (Eigen, doctest, Google Benchmark)
# from this machine's Debian packages to DIR, as a prefix for a machine without them and without network.
set -euo pipefail
target=${1:?usage: bench/pack_deps.sh DIR}
packages=(libeigen3-dev doctest-dev libbenchmark-dev libbenchmark1debian)
mkdir -p "$target"
for package in "${packages[@]}"; do
  dpkg -L "$package" | grep -E '^/usr/(include|lib|share/eigen3)/' | while read -r path; do
    relative=${path#/usr/}
    if [ -d "$path" ] && [ ! -L "$path" ]; then
      mkdir -p "$target/$relative"
    else
      mkdir -p "$target/$(dirname "$relative")"
      cp -L "$path" "$target/$relative"
    fi
  done
done
# Parts of Eigen that stx does not use, to keep the parcel small.
rm -rf "$target"/include/eigen3/unsupported
echo "$(du -sh "$target" | cut -f1) in $target"
