#include "stx/backend/pearson_loss.hpp"

#include "support/device_rig.hpp"

using namespace stx::test;
using stx::GradWrite;

TEST_CASE("pearson_loss on CUDA: odd shapes, overwrite and accumulate") {
  if (no_cuda_device()) return;
  const auto check = [](std::int64_t rows, std::int64_t cols, GradWrite write, double offset = 0) {
    CAPTURE(rows);
    CAPTURE(cols);
    auto prediction = random_values(rows * cols, 1);
    for (double& v : prediction) v = static_cast<float>(v + offset);
    compare_devices([&](auto& ctx, auto& rig) {
      using T = typename std::remove_reference_t<decltype(rig)>::Scalar;
      const stx::PearsonLossForward<T> f{.prediction = rig.input(prediction),
                                         .target = rig.input(random_values(rows * cols, 2, 0, 3)),
                                         .loss = rig.output(1),
                                         .correlation = rig.output(cols),
                                         .stats = rig.output(4 * cols),
                                         .rows = rows,
                                         .cols = cols,
                                         .weight = T(0.5)};
      const stx::PearsonLossBackward<T> b{.grad_loss = rig.input({1.5}),
                                          .prediction = f.prediction,
                                          .target = f.target,
                                          .stats = f.stats,
                                          .grad_prediction = rig.output(rows * cols, write),
                                          .write_prediction = write,
                                          .rows = rows,
                                          .cols = cols,
                                          .weight = T(0.5)};
      return [=, &ctx] {
        stx::pearson_loss_forward(ctx, f);
        stx::pearson_loss_backward(ctx, b);
      };
    });
  };
  for (std::int64_t odd : odd_sizes) {
    check(odd, 7, GradWrite::overwrite);
    check(9, odd, GradWrite::accumulate);
  }
  check(300, 40, GradWrite::accumulate);
  check(300, 40, GradWrite::overwrite, 1e4);
}
