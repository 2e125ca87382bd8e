#include "stx/backend/concat_columns.hpp"

#include "support/device_rig.hpp"

using namespace stx::test;
using stx::GradWrite;

namespace {

void check(std::int64_t rows, std::int64_t n, std::int64_t m, GradWrite write) {
  CAPTURE(rows);
  CAPTURE(n);
  CAPTURE(m);
  compare_devices(
      [&](auto& ctx, auto& rig) {
        using T = typename std::remove_reference_t<decltype(rig)>::Scalar;
        const T* a = rig.input(random_values(rows * n, 1));
        const T* b = rig.input(random_values(rows * m, 2));
        T* y = rig.output(rows * (n + m));
        const T* grad = rig.input(random_values(rows * (n + m), 3));
        T* grad_a = rig.output(rows * n, write);
        T* grad_b = rig.output(rows * m, write);
        return [=, &ctx] {
          stx::concat_columns(ctx, stx::CopyColumns<T>{a, y, rows, n, n, n + m},
                              stx::CopyColumns<T>{b, y + n, rows, m, m, n + m});
          stx::concat_columns(ctx, stx::CopyColumns<T>{grad, grad_a, rows, n, n + m, n, write},
                              stx::CopyColumns<T>{grad + n, grad_b, rows, m, n + m, m, write});
        };
      },
      1);
}

}  // namespace

TEST_CASE("concat_columns on CUDA: odd shapes, overwrite and accumulate") {
  if (no_cuda_device()) return;
  for (std::int64_t odd : odd_sizes) {
    check(odd, 4, 8, GradWrite::overwrite);
    check(3, odd, 4, GradWrite::accumulate);
    check(3, 5, odd, GradWrite::overwrite);
  }
}
