#!/bin/bash
# Breaks each house rule in a copy of the sources and expects house_rules.sh or quick_sources.sh to name it.
# Usage: rules_can_fail.sh REPOSITORY
set -u
rules=$(realpath "$(dirname "$0")/house_rules.sh")
quick=$(realpath "$(dirname "$0")/quick_sources.sh")
copy=$(mktemp -d) || exit 2
trap 'rm -rf "$copy"' EXIT
mkdir -p "$copy/tests" "$copy/bench" "$copy/examples" "$copy/docs" "$copy/cmake"
cp -r "$1/include" "$1/kernels" "$copy/"
cp -r "$1/tests/ops" "$copy/tests/"
cp -r "$1/bench/ops" "$copy/bench/"
missed=0

# expect NAME FILE LINE WORDS: with LINE at the end of FILE, some message must name FILE and contain WORDS.
expect() {
  cp "$copy/$2" "$copy/saved"
  printf '%s\n' "$3" >> "$copy/$2"
  if ! bash "$rules" "$copy" | grep -F "$2" | grep -qF "$4"; then
    echo "not noticed: $1"
    missed=1
  fi
  cp "$copy/saved" "$copy/$2"
}

expect 'a long header' include/stx/core/shape.hpp "$(yes '//' | head -300)" 'second concept'
expect 'a long test' tests/ops/mse_test.cpp "$(yes '//' | head -300)" 'second concept'
expect 'a long benchmark' bench/ops/pointwise_loss_bench.cpp "$(yes '//' | head -300)" 'second concept'
expect 'CUB in a kernel' kernels/stx_kernels/pointwise_loss.cuh '#include <cub/cub.cuh>' 'kernel files include only'
expect 'a large standard header in a kernel' kernels/stx_kernels/pointwise_loss.cuh '#include <vector>' 'kernel files include only'
expect 'a library in a kernel' kernels/stx_kernels/pointwise_loss.cuh '#include "curand_kernel.h"' 'kernel files include only'
expect 'Eigen in a kernel' kernels/stx_kernels/pointwise_loss.cuh '#include <Eigen/Core>' 'kernel files include only'
expect 'cuSPARSE in a kernel' kernels/stx_kernels/csr_matmul.cuh '#include <cusparse.h>' 'libraries of CUDA are included'
expect 'static shared memory' kernels/stx_kernels/pointwise_loss.cuh '__shared__ float x[32];' 'shared memory is dynamic'
expect 'a compiler switch' include/stx/math/activations.hpp '#ifdef __CUDACC__' 'may depend on the compiler'
expect 'OpenMP elsewhere' include/stx/backend/cpu/pointwise_loss.hpp '#pragma omp parallel' 'parallel_for only'
expect 'Eigen elsewhere' include/stx/core/shape.hpp '#include <Eigen/Core>' 'Eigen stays'
expect 'printing' include/stx/core/shape.hpp 'inline void f() { std::cout << 1; }' 'never prints'
expect 'std::function' include/stx/ops/mse.hpp 'std::function<void()> f;' 'heap behind the back'
expect 'a mutable static' include/stx/core/shape.hpp 'inline int f() {
  static int calls = 0;' 'no mutable statics'
expect 'a macro' include/stx/core/shape.hpp '#define CHECK_SHAPE(x) (x)' 'macros begin'
for part in include/stx/backend/pointwise_loss.hpp include/stx/backend/cpu/pointwise_loss.hpp \
  kernels/stx_kernels/pointwise_loss.cuh kernels/instantiate/pointwise_loss.cu tests/ops/pointwise_loss_test.cpp \
  tests/ops/pointwise_loss_cuda_test.cpp bench/ops/pointwise_loss_bench.cpp; do
  mv "$copy/$part" "$copy/saved"
  bash "$rules" "$copy" | grep -qF "the op's part $part is missing" || { echo "not noticed: no $part"; missed=1; }
  mv "$copy/saved" "$copy/$part"
done
mv "$copy/include/stx/ops/softmax.hpp" "$copy/saved"
bash "$rules" "$copy" | grep -qF 'backend/softmax.hpp: no public op includes it' || { echo 'not noticed: no public op'; missed=1; }
mv "$copy/saved" "$copy/include/stx/ops/softmax.hpp"

sed -i.saved '/ops\/reshape.hpp/d' "$copy/include/stx/stx.hpp"
bash "$rules" "$copy" | grep -qF 'ops/reshape.hpp: stx.hpp does not include it' || { echo 'not noticed: an op outside of stx.hpp'; missed=1; }
mv "$copy/include/stx/stx.hpp.saved" "$copy/include/stx/stx.hpp"

# A kind of test that an op has lost.
if command -v python3 > /dev/null; then
  cp -r "$1/tests/support" "$copy/tests/"
  cp "$1/tests/lint/op_tests.py" "$copy/"
  python3 "$copy/op_tests.py" "$copy" > /dev/null || { echo 'op_tests.py complains of what is there'; missed=1; }
  sed -i 's/Guarded/Vector/g' "$copy/tests/ops/neighbour_sample_test.cpp"
  python3 "$copy/op_tests.py" "$copy" | grep -F 'neighbour_sample.hpp: no test of sentinels' > /dev/null ||
    { echo 'not noticed: an op without sentinels'; missed=1; }
  # expect_op FILE SED WORDS: with the text of the test FILE changed by SED, some message holds WORDS.
  expect_op() {
    sed -i.saved "$2" "$copy/tests/ops/$1"
    [[ $(python3 "$copy/op_tests.py" "$copy") == *"$3"* ]] || { echo "not noticed: $3"; missed=1; }
    mv "$copy/tests/ops/$1.saved" "$copy/tests/ops/$1"
  }
  expect_op softmax_test.cpp 's/check_close(\|naive::/other(/g' 'softmax.hpp: no test of values against a naive reference'
  expect_op pair_bits_test.cpp 's/naive_bits(/bits(/g' 'pair_bits.hpp: no test of values against a naive reference'
  expect_op rms_norm_test.cpp 's/: odd_sizes)/: {7})/' 'rms_norm.hpp: no test of odd shapes'
  expect_op gat_cuda_test.cpp 's/31, 32, 33, 1023/7/' 'gat.hpp: no test of odd shapes on CUDA'
  expect_op softmax_cuda_test.cpp 's/GradWrite::accumulate/GradWrite::overwrite/g' 'softmax.hpp: no test of gradients overwritten and added to'
  expect_op draw_rows_cuda_test.cpp 's/(count + 8, -5)/(count + 8)/' 'draw_rows.hpp: no test of outputs written over old numbers'
  expect_op gat_test.cpp 's/doctest::test_suite("properties")/doctest::skip()/' 'gat.hpp: no test of properties'
  sed -i 's/stx::matvec(/stx::matmul(/' "$copy/tests/ops/check_finite_every_op_test.cpp"
  python3 "$copy/op_tests.py" "$copy" | grep -F 'matvec.hpp: matvec is missing' > /dev/null ||
    { echo 'not noticed: an op whose inputs no debug mode checks'; missed=1; }
  sed -i -e 's/optim::Adam</optim::Other</' -e 's/optim::clip_grad_norm(/optim::other(/' "$copy/tests/ops/check_finite_steps_test.cpp"
  for name in Adam clip_grad_norm; do
    python3 "$copy/op_tests.py" "$copy" | grep -F "$name is missing in tests/ops/check_finite_" > /dev/null ||
      { echo "not noticed: $name, whose inputs no debug mode checks"; missed=1; }
  done
  sed -i 's/stx::batched_matmul(/stx::matmul(/g' "$copy/tests/ops/public_dense_cuda_test.cpp"
  python3 "$copy/op_tests.py" "$copy" | grep -F 'batched_matmul is compared on CUDA by no test' > /dev/null ||
    { echo 'not noticed: a public op that no test runs on CUDA'; missed=1; }
fi

# A kernel that no test launched checked.
echo 'void stx::kernels::adam_kernel<float>(int)' > "$copy/list"
bash "$1/tests/ops/every_kernel_checked.sh" "$copy/kernels" "$copy/list" | grep -q '_kernel: no checked launch' ||
  { echo 'not noticed: a kernel without a checked launch'; missed=1; }

# A body behind another header.
echo '#include "stx/ops/mse.hpp"' > "$copy/quick.cpp"
echo "$copy/quick.cpp" > "$copy/list"
bash "$quick" "$copy" "$copy/list" > /dev/null || { echo 'an -O1 source without bodies was refused'; missed=1; }
echo '#include "stx/backend/cpu/pointwise_loss.hpp"' >> "$copy/include/stx/ops/mse.hpp"
bash "$quick" "$copy" "$copy/list" | grep -qF 'ops/mse.hpp -> include/stx/backend/cpu/pointwise_loss.hpp' ||
  { echo 'not noticed: a body in an -O1 source'; missed=1; }

# A source of another form: format.sh --fix brings it back. Copies of the folders that it looks into are there already.
format=$(realpath "$(dirname "$0")/format.sh")
cp "$1/.clang-format" "$copy/"
bash "$format" "$copy" > "$copy/said" 2>&1
if [ $? -ne 77 ]; then
  header=include/stx/core/shape.hpp
  printf 'inline int  shape_of( int a ){ return a; }\n' >> "$copy/$header"
  bash "$format" "$copy" 2>&1 | grep -qF "$header" || { echo 'not noticed: a source of another form'; missed=1; }
  bash "$format" "$copy" --fix && bash "$format" "$copy" > /dev/null 2>&1 || { echo 'not brought into form'; missed=1; }
fi
[ "$missed" -eq 0 ] && echo 'Every broken rule was noticed'
exit "$missed"
