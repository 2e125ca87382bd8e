#include "stx/backend/residual_layer_norm.hpp"

#include "support/device_rig.hpp"

using namespace stx::test;
using stx::GradWrite;

namespace {

struct Norm {
  std::int64_t rows, width;
  bool residual = true;
  float dropout = 0.3f;
  GradWrite write = GradWrite::overwrite;
};

void check(const Norm& s) {
  CAPTURE(s.rows);
  CAPTURE(s.width);
  CAPTURE(s.residual);
  CAPTURE(s.dropout);
  compare_devices(
      [&](auto& ctx, auto& rig) {
        using T = typename std::remove_reference_t<decltype(rig)>::Scalar;
        const std::int64_t n = s.rows * s.width;
        const stx::ResidualLayerNormForward<T> forward{
            .x = rig.input(random_values(n, 1)),
            .residual = s.residual ? rig.input(random_values(n, 2)) : nullptr,
            .gain = rig.input(random_values(s.width, 3)),
            .shift = rig.input(random_values(s.width, 4)),
            .y = rig.output(n),
            .mean = rig.output(s.rows),
            .rstd = rig.output(s.rows),
            .rows = s.rows,
            .width = s.width,
            .dropout = {s.dropout, 4}};
        const stx::ResidualLayerNormBackward<T> backward{
            .grad_y = rig.input(random_values(n, 5)),
            .x = forward.x,
            .residual = forward.residual,
            .gain = forward.gain,
            .mean = forward.mean,
            .rstd = forward.rstd,
            .grad_x = rig.output(n, s.write),
            .grad_residual = s.residual ? rig.output(n, s.write) : nullptr,
            .grad_gain = rig.output(s.width, s.write),
            .grad_shift = rig.output(s.width, s.write),
            .write_x = s.write,
            .write_residual = s.write,
            .write_gain = s.write,
            .write_shift = s.write,
            .rows = s.rows,
            .width = s.width,
            .dropout = {s.dropout, 4}};
        return [=, &ctx] {
          stx::residual_layer_norm_forward(ctx, forward);
          stx::residual_layer_norm_backward(ctx, backward);
        };
      },
      16);
}

}  // namespace

TEST_CASE(
    "residual_layer_norm on CUDA: with and without residual and dropout, overwrite and "
    "accumulate") {
  if (no_cuda_device()) return;
  for (GradWrite write : {GradWrite::overwrite, GradWrite::accumulate})
    for (bool residual : {false, true})
      for (float dropout : {0.0f, 0.3f}) {
        check({37, 256, residual, dropout, write});
        check({9, 50, residual, dropout, write});
        check({5, 1100, residual, dropout, write});
      }
}

TEST_CASE("residual_layer_norm on CUDA: odd shapes") {
  if (no_cuda_device()) return;
  for (std::int64_t odd : odd_sizes) {
    check({.rows = odd, .width = 20});
    if (odd > 1)
      check({.rows = 3, .width = odd});  // a width of 1 has variance 0: nothing to compare
  }
}

TEST_CASE("residual_layer_norm on CUDA: one buffer for both gradients") {
  if (no_cuda_device()) return;
  compare_devices(
      [&](auto& ctx, auto& rig) {
        using T = typename std::remove_reference_t<decltype(rig)>::Scalar;
        const std::int64_t rows = 20, width = 64, n = rows * width;
        const T* x = rig.input(random_values(n, 1));
        const stx::ResidualLayerNormForward<T> forward{.x = x,
                                                       .residual = x,
                                                       .gain = rig.input(random_values(width, 3)),
                                                       .shift = rig.input(random_values(width, 4)),
                                                       .y = rig.output(n),
                                                       .mean = rig.output(rows),
                                                       .rstd = rig.output(rows),
                                                       .rows = rows,
                                                       .width = width,
                                                       .dropout = {0.5f, 2}};
        T* grad = rig.output(n);
        const stx::ResidualLayerNormBackward<T> backward{.grad_y = rig.input(random_values(n, 5)),
                                                         .x = x,
                                                         .residual = x,
                                                         .gain = forward.gain,
                                                         .mean = forward.mean,
                                                         .rstd = forward.rstd,
                                                         .grad_x = grad,
                                                         .grad_residual = grad,
                                                         .write_x = GradWrite::accumulate,
                                                         .rows = rows,
                                                         .width = width,
                                                         .dropout = {0.5f, 2}};
        return [=, &ctx] {
          stx::residual_layer_norm_forward(ctx, forward);
          stx::residual_layer_norm_backward(ctx, backward);
        };
      },
      16);
}

TEST_CASE("residual_layer_norm on CUDA: a row wider than shared memory is refused") {
  if (no_cuda_device()) return;
  stx::Context<stx::Cuda> ctx;
  CHECK_THROWS_WITH_AS(stx::residual_layer_norm_forward(
                           ctx, stx::ResidualLayerNormForward<float>{.rows = 1, .width = 1 << 20}),
                       doctest::Contains("use a smaller width"), stx::ArgumentError);
}
