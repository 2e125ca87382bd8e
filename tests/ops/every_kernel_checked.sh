#!/bin/bash
# Every kernel must have passed a checked launch. Usage: every_kernel_checked.sh KERNEL_FOLDER LIST...
# LISTs are what the emulated device wrote for STX_EMULATOR_KERNELS. Prints a line per kernel that is in none.
set -u
folder=$1
shift
broken=0 count=0
while read -r kernel; do
  count=$((count + 1))
  grep -qhE "::$kernel(<|\()" "$@" && continue
  echo "$kernel: no checked launch in any *_cuda_test.cpp"
  broken=1
done < <(grep -rhozP '__global__\s+(__launch_bounds__\([^)]*\)\s+)?void\s+(__launch_bounds__\([^)]*\)\s+)?\K\w+' "$folder" | tr '\0' '\n')
[ "$count" -gt 0 ] || { echo "no kernel in $folder"; broken=1; }
[ "$broken" -eq 0 ] && echo "All $count kernels passed a checked launch"
exit "$broken"
