#!/usr/bin/env bash
# Installs what stx builds with (packages of Debian 12, Ubuntu 24.04 or newer); does nothing, and says
# nothing, when nothing is missing. The CUDA toolkit is optional and not installed here.
set -euo pipefail

# Programs count as present wherever they come from; libraries are known by their package.
packages=(libeigen3-dev doctest-dev libbenchmark-dev libhdf5-dev zlib1g-dev libcli11-dev nlohmann-json3-dev
          libfmt-dev libigraph-dev libboost-context-dev)
missing=()
command -v g++ >/dev/null || missing+=(g++)
command -v cmake >/dev/null || missing+=(cmake)
command -v ninja >/dev/null || missing+=(ninja-build)
for p in "${packages[@]}"; do
  state=$(dpkg-query -W -f='${Status}' "$p" 2>/dev/null || true)
  [[ $state == *' ok installed' ]] || missing+=("$p")
done

if [ ${#missing[@]} -gt 0 ]; then
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
  log=$(mktemp)
  trap 'rm -f "$log"' EXIT
  if ! { "${as_root[@]}" apt-get update -qq &&
         "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
           "${missing[@]}"; } >"$log" 2>&1; then
    cat "$log" >&2
    echo "setup.sh: apt-get could not install ${missing[*]}" >&2
    exit 1
  fi
fi

# at_least NAME FOUND NEEDED
at_least() {
  if [ "$(printf '%s\n' "$3" "$2" | sort -V | head -n 1)" != "$3" ]; then
    echo "setup.sh: stx needs $1 $3 or newer, and this system has $2" >&2
    exit 1
  fi
}
at_least CMake "$(cmake --version | sed -n 's/^cmake version //p')" 3.25
at_least g++ "$(g++ -dumpfullversion)" 12
