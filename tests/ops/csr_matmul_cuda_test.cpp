#include "stx/backend/csr_matmul.hpp"

#include "stx/data/csr_transpose.hpp"
#include "support/device_rig.hpp"
#include "support/random_csr.hpp"

using namespace stx::test;
using stx::GradWrite;

namespace {

/// Product, transposed product and gradient of the values.
void check(std::int64_t rows, std::int64_t cols, double density, std::int64_t width,
           GradWrite write = GradWrite::overwrite) {
  CAPTURE(rows);
  CAPTURE(cols);
  CAPTURE(width);
  const auto a = random_csr(rows, cols, density, 1);
  const auto t = transpose(a);
  compare_devices([&](auto& ctx, auto& rig) {
    using T = typename std::remove_reference_t<decltype(rig)>::Scalar;
    const T* x = rig.input(random_values(cols * width, 2));
    const T* grad_y = rig.input(random_values(rows * width, 3));
    const stx::CsrMatmul<T> forward{.indptr = rig.exact(a.indptr),
                                    .indices = rig.exact(a.indices),
                                    .values = rig.input(a.values),
                                    .x = x,
                                    .y = rig.output(rows * width, write),
                                    .rows = rows,
                                    .width = width,
                                    .write = write};
    const stx::CsrMatmul<T> transposed{.indptr = rig.exact(t.matrix.indptr),
                                       .indices = rig.exact(t.matrix.indices),
                                       .order = rig.exact(t.order),
                                       .values = forward.values,
                                       .x = grad_y,
                                       .y = rig.output(cols * width, write),
                                       .rows = cols,
                                       .width = width,
                                       .write = write};
    const stx::CsrMatmulValues<T> values{.indptr = forward.indptr,
                                         .indices = forward.indices,
                                         .grad_y = grad_y,
                                         .x = x,
                                         .grad_values = rig.output(a.nnz(), write),
                                         .rows = rows,
                                         .width = width,
                                         .write = write};
    return [=, &ctx] {
      stx::csr_matmul(ctx, forward);
      stx::csr_matmul(ctx, transposed);
      stx::csr_matmul_values(ctx, values);
    };
  });
}

}  // namespace

TEST_CASE("csr_matmul on CUDA: narrow and wide, overwrite and accumulate") {
  if (no_cuda_device()) return;
  for (GradWrite write : {GradWrite::overwrite, GradWrite::accumulate})
    for (std::int64_t width : {1, 3, 8, 20, 32, 50, 128, 300}) check(19, 23, 0.3, width, write);
}

TEST_CASE("csr_matmul on CUDA: odd shapes") {
  if (no_cuda_device()) return;
  for (std::int64_t odd : odd_sizes) {
    check(odd, 9, 0.2, 6);
    check(9, odd, 0.02, 6);
    check(9, 12, 0.3, odd);
  }
}
