#include "stx/backend/batch_norm.hpp"

#include "support/device_rig.hpp"

using namespace stx::test;
using stx::Activation;
using stx::GradWrite;

namespace {

struct Norm {
  std::int64_t rows, width;
  bool batch_statistics = true;
  Activation activation = Activation::relu;
  float dropout = 0.2f;
  GradWrite write = GradWrite::overwrite;
  double offset = 0;
};

void check(const Norm& s) {
  CAPTURE(s.rows);
  CAPTURE(s.width);
  CAPTURE(s.batch_statistics);
  compare_devices(
      [&](auto& ctx, auto& rig) {
        using T = typename std::remove_reference_t<decltype(rig)>::Scalar;
        const std::int64_t n = s.rows * s.width;
        const stx::BatchNormForward<T> forward{.x = rig.input(random_values(n, 1, s.offset - 1, s.offset + 2)),
                                               .gain = rig.input(random_values(s.width, 2, 0.5, 1.5)),
                                               .shift = rig.input(random_values(s.width, 3)),
                                               .running_mean = rig.buffer(random_values(s.width, 4)),
                                               .running_var = rig.buffer(random_values(s.width, 5, 0.5, 2)),
                                               .y = rig.output(n),
                                               .mean = rig.output(s.width),
                                               .rstd = rig.output(s.width),
                                               .rows = s.rows,
                                               .width = s.width,
                                               .eps = T(1e-3),
                                               .momentum = T(0.2),
                                               .batch_statistics = s.batch_statistics,
                                               .activation = s.activation,
                                               .dropout = {s.dropout, 4}};
        const stx::BatchNormBackward<T> backward{.grad_y = rig.input(random_values(n, 6)),
                                                 .x = forward.x,
                                                 .y = forward.y,
                                                 .gain = forward.gain,
                                                 .shift = forward.shift,
                                                 .mean = forward.mean,
                                                 .rstd = forward.rstd,
                                                 .grad_x = rig.output(n, s.write),
                                                 .grad_gain = rig.output(s.width, s.write),
                                                 .grad_shift = rig.output(s.width, s.write),
                                                 .write_x = s.write,
                                                 .write_gain = s.write,
                                                 .write_shift = s.write,
                                                 .rows = s.rows,
                                                 .width = s.width,
                                                 .batch_statistics = s.batch_statistics,
                                                 .activation = s.activation,
                                                 .dropout = {s.dropout, 4}};
        return [=, &ctx] {
          stx::batch_norm_forward(ctx, forward);
          stx::batch_norm_backward(ctx, backward);
        };
      },
      16);
}

}  // namespace

TEST_CASE("batch_norm on CUDA: both kinds of statistics, overwrite and accumulate") {
  if (no_cuda_device()) return;
  for (GradWrite write : {GradWrite::overwrite, GradWrite::accumulate})
    for (bool batch_statistics : {false, true})
      for (Activation activation : {Activation::identity, Activation::relu, Activation::silu}) {
        check({70, 64, batch_statistics, activation, 0.0f, write});
        check({37, 33, batch_statistics, activation, 0.2f, write});
      }
}

TEST_CASE("batch_norm on CUDA: odd shapes, several strips and chunks") {
  if (no_cuda_device()) return;
  for (std::int64_t odd : odd_sizes) {
    if (odd != 1) check({.rows = odd, .width = 20});
    check({.rows = 6, .width = odd});
  }
  check({.rows = 1, .width = 20, .batch_statistics = false});
  check({.rows = 200, .width = 260});
}

TEST_CASE("batch_norm on CUDA: a large mean") {
  if (no_cuda_device()) return;
  check({.rows = 300, .width = 8, .activation = Activation::identity, .offset = 4096});
}

TEST_CASE("batch_norm on CUDA: only the gradient of x, or only those of gain and shift") {
  if (no_cuda_device()) return;
  for (bool of_x : {false, true})
    compare_devices([&](auto& ctx, auto& rig) {
      using T = typename std::remove_reference_t<decltype(rig)>::Scalar;
      const std::int64_t rows = 40, width = 12;
      const T* ones = rig.input(std::vector<double>(width, 1.0));
      const stx::BatchNormBackward<T> backward{.grad_y = rig.input(random_values(rows * width, 1)),
                                               .x = rig.input(random_values(rows * width, 2)),
                                               .y = rig.input(random_values(rows * width, 4)),
                                               .gain = ones,
                                               .shift = ones,
                                               .mean = rig.input(random_values(width, 3)),
                                               .rstd = ones,
                                               .grad_x = of_x ? rig.output(rows * width) : nullptr,
                                               .grad_gain = of_x ? nullptr : rig.output(width),
                                               .grad_shift = of_x ? nullptr : rig.output(width),
                                               .rows = rows,
                                               .width = width};
      return [=, &ctx] { stx::batch_norm_backward(ctx, backward); };
    });
}
