#!/bin/bash
# House rules that a compiler does not check. Usage: house_rules.sh REPOSITORY
# Prints one line per broken rule and fails if there is any.
set -u
cd "$1" || exit 2
broken=0
complain() {
  echo "$1"
  broken=1
}

mapfile -t headers < <(find include/stx -name '*.hpp' -o -name '*.cuh' | sort)
mapfile -t kernel_files < <(find kernels -name '*.cuh' -o -name '*.cu' | sort)

mapfile -t other_files < <(find tests bench examples docs cmake -type f \( -name '*.[ch]pp' -o -name '*.h' \
  -o -name '*.cu' -o -name '*.cuh' -o -name '*.py' -o -name '*.sh' -o -name '*.cmake' -o -name CMakeLists.txt \) | sort)

while read -r lines file; do
  if [ "$file" != total ] && [ "$lines" -gt 300 ]; then
    complain "$file: $lines lines; look for the second concept in it"
  fi
done < <(wc -l "${headers[@]}" "${kernel_files[@]}" "${other_files[@]}")

for file in "${headers[@]}" "${kernel_files[@]}"; do
  case "$file" in
    *.cu) ;;
    *) grep -q '^#pragma once' "$file" || complain "$file: #pragma once is missing" ;;
  esac
done

# found PATTERN REASON ALLOWED_FILE... -- FILE...: complains of lines of FILEs that match, but for
# those of the allowed files.
found() {
  local pattern=$1 reason=$2 allowed=()
  shift 2
  while [ "$1" != -- ]; do
    allowed+=("$1")
    shift
  done
  shift
  while IFS= read -r line; do
    local file=${line%%:*}
    case " ${allowed[*]-} " in *" $file "*) continue ;; esac
    complain "$line   <- $reason"
  done < <(grep -nHP "$pattern" "$@")
}

found '#\s*include\s*+(?![<"](stx/|stx_kernels/|instantiate/)|<(cuda_runtime\.h|algorithm|bit|cmath|cstdint|limits|type_traits|utility)>)' \
  'kernel files include only stx headers, the CUDA runtime and small standard headers' -- "${kernel_files[@]}"
found '#\s*include\s*[<"](cublas|cusparse|curand|cudnn|cusolver)' \
  'libraries of CUDA are included in include/stx/backend/cuda only' \
  include/stx/backend/cuda/{context,error,gemm_plans,handles}.hpp -- "${headers[@]}" "${kernel_files[@]}"
found '__shared__' 'shared memory is dynamic: use shared_memory<T>() of detail/row_group.cuh' \
  kernels/stx_kernels/detail/row_group.cuh -- "${headers[@]}" "${kernel_files[@]}"
found '__CUDACC__|__CUDA_ARCH__|defined\(_OPENMP\)|ifdef _OPENMP' \
  'no body may depend on the compiler: overload on the device tag' include/stx/core/macros.hpp -- \
  "${headers[@]}" "${kernel_files[@]}"
found '#\s*pragma\s+omp' 'threads start in parallel_for only' include/stx/core/parallel_for.hpp -- \
  "${headers[@]}" "${kernel_files[@]}"
found '#\s*include\s*<(Eigen|unsupported)' 'Eigen stays in the files that need it' \
  include/stx/data/centred_matrix.hpp include/stx/data/pca.hpp -- "${headers[@]}"
found '#\s*include\s*<iostream>|std::(cout|cerr)|[^a-z_]f?printf *\(|std::(exit|abort|terminate)\(' \
  'the library never prints or exits' include/stx/train/progress.hpp -- "${headers[@]}"
found 'std::function|std::shared_ptr' 'no heap behind the back of a step' -- include/stx/ops/*.hpp include/stx/autograd/*.hpp \
  include/stx/backend/*.hpp include/stx/backend/*/*.hpp
found '^\s*(inline )?static (?!constexpr|const |_?assert)[^(]*[;={]|^\s*(inline )?thread_local ' \
  'no mutable statics in headers: state lives in a Context' include/stx/train/interrupt.hpp -- "${headers[@]}"

# Every op has all its parts under one stem.
for contract in include/stx/backend/*.hpp; do
  op=$(basename "$contract" .hpp)
  [ "$op" = transfer ] && continue  # copies have no kernel; tests/core judges them
  for part in include/stx/backend/cpu/$op.hpp kernels/stx_kernels/$op.cuh kernels/instantiate/$op.cu \
    tests/ops/${op}_test.cpp tests/ops/${op}_cuda_test.cpp bench/ops/${op}_bench.cpp; do
    [ -e "$part" ] || complain "$contract: the op's part $part is missing"
  done
done

for kernel in kernels/stx_kernels/*.cuh; do
  op=$(basename "$kernel" .cuh)
  [ "$op" = all ] || [ -e "include/stx/backend/$op.hpp" ] || complain "$kernel: the op's part include/stx/backend/$op.hpp is missing"
done
# A contract is behind some public op or optimiser, or (the elementary ones) behind the library's other parts.
for contract in include/stx/backend/*.hpp; do
  grep -rqF "\"stx/backend/$(basename "$contract")\"" include/stx/ops include/stx/optim include/stx/autograd include/stx/core ||
    complain "$contract: no public op includes it"
done

# stx.hpp brings every op and optimiser; what only helps them comes with them.
for header in $(grep -l 'Deterministic:' include/stx/ops/*.hpp include/stx/optim/*.hpp); do
  grep -qF "#include \"${header#include/}\"" include/stx/stx.hpp || complain "$header: stx.hpp does not include it"
done

# Macros of the library begin with STX_.
found '#\s*define\s+(?!STX_)' 'macros begin with STX_' -- "${headers[@]}" "${kernel_files[@]}"

[ "$broken" -eq 0 ] && echo "House rules kept in $((${#headers[@]} + ${#kernel_files[@]} + ${#other_files[@]})) files"
exit "$broken"
