#include "stx/backend/pearson_loss.hpp"

#include "support/device_rig.hpp"

using namespace stx::test;
using stx::GradWrite;

TEST_CASE("pearson_loss on CUDA: odd shapes, overwrite and accumulate") {
  if (no_cuda_device()) return;
  const auto check = [](std::int64_t rows, std::int64_t cols, GradWrite write, double offset = 0, double share = 1) {
    CAPTURE(rows);
    CAPTURE(cols);
    auto prediction = random_values(rows * cols, 1);
    for (double& v : prediction) v = static_cast<float>(v + offset);
    auto mask = random_values(rows * cols, 3, 0, 1);
    for (double& v : mask) v = v < share ? 1 : 0;
    compare_devices([&](auto& ctx, auto& rig) {
      using T = typename std::remove_reference_t<decltype(rig)>::Scalar;
      const stx::PearsonLossForward<T> f{.prediction = rig.input(prediction),
                                         .target = rig.input(random_values(rows * cols, 2, 0, 3)),
                                         .mask = share < 1 ? rig.input(mask) : nullptr,
                                         .loss = rig.output(1),
                                         .correlation = rig.output(cols),
                                         .stats = rig.output(stx::pearson_stats * cols),
                                         .counted = rig.output(1),
                                         .rows = rows,
                                         .cols = cols,
                                         .weight = T(0.5),
                                         .rule = share < 1 ? stx::PearsonRule{3, 0.1, 1e-3} : stx::PearsonRule{}};
      const stx::PearsonLossBackward<T> b{.grad_loss = rig.input({1.5}),
                                          .prediction = f.prediction,
                                          .target = f.target,
                                          .mask = f.mask,
                                          .stats = f.stats,
                                          .counted = f.counted,
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
  for (const auto& [rows, cols] : {std::pair{0, 7}, {1, 7}, {31, 7}, {33, 33}, {1023, 3}, {9, 1023}}) {
    check(rows, cols, GradWrite::overwrite, 0, 0.6);
    check(rows, cols, GradWrite::accumulate, 1e4, 0.05);
  }
}
