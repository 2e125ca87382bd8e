#!/bin/bash
# What is built with -O1 (stx_quick_build, stx_quick_sources) must not compile the CPU bodies of ops: those
# come optimised from stx_cpu_bodies. Usage: quick_sources.sh REPOSITORY LIST, one source file a line.
# Follows the includes of all sources; prints the chain of each that ends in a body, and fails if there is any.
set -u
cd "$1" || exit 2
declare -A from  # the file that included this one first
queue=()
while IFS= read -r source; do
  source=${source#"$PWD"/}
  [ -e "$source" ] || { echo "no such file: $source"; exit 2; }
  from[$source]=
  queue+=("$source")
done < "$2"
[ ${#queue[@]} -gt 0 ] || { echo "$2 names no source"; exit 2; }

broken=0
for ((at = 0; at < ${#queue[@]}; ++at)); do
  file=${queue[at]}
  while IFS= read -r name; do
    for folder in "${file%/*}" include kernels tests bench/ops bench/steps examples .; do
      found=$folder/$name
      [ -e "$found" ] || continue
      case "$name" in ../*) found=$(realpath --relative-to=. "$found") ;; esac
      found=${found#./}
      [ -z "${from[$found]+known}" ] || break
      from[$found]=$file
      case "$found" in
        include/stx/backend/cpu/transfer.hpp) ;;  # copies, no loop of an op
        include/stx/backend/cpu/* | include/stx/cpu.hpp)
          broken=1
          chain=$found
          while [ -n "${from[${chain%% *}]}" ]; do chain="${from[${chain%% *}]} $chain"; done
          echo "${chain// / -> }   <- bodies of ops are not built with -O1"
          break
          ;;
      esac
      queue+=("$found")
      break
    done
  done < <(sed -nE 's/^\s*#\s*include\s*["<]([^">]+)[">].*/\1/p' "$file")
done
[ "$broken" -eq 0 ] && echo "No bodies of ops in ${#queue[@]} files built with -O1"
exit "$broken"
