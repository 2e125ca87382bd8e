#include "stx/backend/gaussian_sample.hpp"

#include "support/device_rig.hpp"

using namespace stx::test;
using stx::GradWrite;
using stx::Spread;

TEST_CASE("gaussian_sample on CUDA: odd shapes, row numbers, overwrite and accumulate") {
  if (no_cuda_device()) return;
  const auto check = [](std::int64_t rows, std::int64_t cols, bool numbered, Spread kind, GradWrite write) {
    CAPTURE(rows);
    CAPTURE(cols);
    compare_devices([&](auto& ctx, auto& rig) {
      using T = typename std::remove_reference_t<decltype(rig)>::Scalar;
      const std::int64_t n = rows * cols;
      std::vector<std::int32_t> ids;
      for (std::int64_t i = 0; i < rows; ++i) ids.push_back(static_cast<std::int32_t>(i * 37 % 1009));
      const stx::GaussianSampleForward<T> f{.mean = rig.input(random_values(n, 1)),
                                            .spread = rig.input(random_values(n, 2, 0.1, 2)),
                                            .row_ids = numbered ? rig.exact(ids) : nullptr,
                                            .z = rig.output(n),
                                            .rows = rows,
                                            .cols = cols,
                                            .kind = kind,
                                            .site = 9};
      const stx::GaussianSampleBackward<T> b{.grad_z = rig.input(random_values(n, 3)),
                                             .spread = f.spread,
                                             .row_ids = f.row_ids,
                                             .grad_mean = rig.output(n, write),
                                             .grad_spread = rig.output(n, write),
                                             .write_mean = write,
                                             .write_spread = write,
                                             .rows = rows,
                                             .cols = cols,
                                             .kind = kind,
                                             .site = 9};
      return [=, &ctx] {
        stx::gaussian_sample_forward(ctx, f);
        stx::gaussian_sample_backward(ctx, b);
      };
    });
  };
  for (std::int64_t odd : odd_sizes) {
    check(odd, 7, false, Spread::log_variance, GradWrite::overwrite);
    check(3, odd, true, Spread::softplus, GradWrite::accumulate);
  }
  check(33, 20, true, Spread::deviation, GradWrite::accumulate);
  check(33, 31, false, Spread::floored_variance, GradWrite::accumulate);
}
