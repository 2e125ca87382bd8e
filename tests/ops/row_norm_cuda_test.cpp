#include "stx/backend/row_norm.hpp"

#include "support/device_rig.hpp"

using namespace stx::test;
using stx::GradWrite;

namespace {

struct Norm {
  std::int64_t rows, width;
  std::int64_t per_group = 0;
  bool residual = true;
  float dropout = 0.3f;
  bool affine = true;
  bool centred = true;
  GradWrite write = GradWrite::overwrite;
  std::int64_t parts = 1;  ///< gain and shift are parts of rows this many times as long
};

void check(const Norm& s) {
  CAPTURE(s.rows);
  CAPTURE(s.width);
  CAPTURE(s.per_group);
  CAPTURE(s.residual);
  CAPTURE(s.dropout);
  compare_devices(
      [&](auto& ctx, auto& rig) {
        using T = typename std::remove_reference_t<decltype(rig)>::Scalar;
        const std::int64_t n = s.rows * s.width;
        const std::int64_t stride = s.width * s.parts;
        const std::int64_t affine = (s.per_group > 0 ? s.rows / s.per_group : 1) * stride;
        const stx::RowNormKind<T> kind{.rows = s.rows,
                                       .width = s.width,
                                       .rows_per_group = s.per_group,
                                       .affine_stride = stride,
                                       .gain_offset = T(s.per_group > 0 ? 1 : 0),
                                       .centred = s.centred,
                                       .dropout = {s.dropout, 4}};
        const stx::RowNormForward<T> forward{.kind = kind,
                                             .x = rig.input(random_values(n, 1)),
                                             .residual = s.residual ? rig.input(random_values(n, 2)) : nullptr,
                                             .gain = s.affine ? rig.input(random_values(affine, 3)) : nullptr,
                                             .shift = s.affine ? rig.input(random_values(affine, 4)) : nullptr,
                                             .y = rig.output(n),
                                             .mean = rig.output(s.rows),
                                             .rstd = rig.output(s.rows)};
        // Of parts only the first is written: the rest must stay.
        const GradWrite start = s.parts > 1 ? GradWrite::accumulate : s.write;
        const stx::RowNormBackward<T> backward{.kind = kind,
                                               .grad_y = rig.input(random_values(n, 5)),
                                               .x = forward.x,
                                               .residual = forward.residual,
                                               .gain = forward.gain,
                                               .mean = forward.mean,
                                               .rstd = forward.rstd,
                                               .grad_x = rig.output(n, s.write),
                                               .grad_residual = s.residual ? rig.output(n, s.write) : nullptr,
                                               .grad_gain = s.affine ? rig.output(affine, start) : nullptr,
                                               .grad_shift = s.affine ? rig.output(affine, start) : nullptr,
                                               .write_x = s.write,
                                               .write_residual = s.write,
                                               .write_gain = s.write,
                                               .write_shift = s.write};
        return [=, &ctx] {
          stx::row_norm_forward(ctx, forward);
          stx::row_norm_backward(ctx, backward);
        };
      },
      16);
}

}  // namespace

TEST_CASE("row_norm on CUDA: residual and dropout, overwrite and accumulate") {
  if (no_cuda_device()) return;
  for (GradWrite write : {GradWrite::overwrite, GradWrite::accumulate})
    for (bool residual : {false, true})
      for (float dropout : {0.0f, 0.3f}) {
        check({.rows = 37, .width = 256, .residual = residual, .dropout = dropout, .write = write});
        check({.rows = 9, .width = 50, .residual = residual, .dropout = dropout, .write = write});
        check({.rows = 5, .width = 1100, .residual = residual, .dropout = dropout, .write = write});
      }
}

TEST_CASE("row_norm on CUDA: without gain, without mean, in groups, overwrite and accumulate") {
  if (no_cuda_device()) return;
  for (GradWrite write : {GradWrite::overwrite, GradWrite::accumulate})
    for (std::int64_t width : {64, 50, 2100}) {
      const Norm plain{.rows = 12, .width = width, .residual = false, .dropout = 0, .write = write};
      Norm bare = plain, rms = plain, one_row = plain, some = plain, parts = plain;
      bare.affine = false;
      rms.centred = false;
      one_row.per_group = 1;
      some.per_group = 4;
      parts.per_group = 3;
      parts.parts = 6;
      for (const Norm& s : {bare, rms, one_row, some, parts}) check(s);
    }
  check({.rows = 140, .width = 24, .per_group = 70, .write = GradWrite::accumulate});
}

TEST_CASE("row_norm on CUDA: odd shapes") {
  if (no_cuda_device()) return;
  for (std::int64_t odd : odd_sizes) {
    check({.rows = odd, .width = 20});
    if (odd < 1000) check({.rows = 2 * odd, .width = 20, .per_group = 2});
    if (odd > 1) check({.rows = 3, .width = odd});  // a width of 1 has variance 0: nothing to compare
  }
}

TEST_CASE("row_norm on CUDA: one buffer for both gradients") {
  if (no_cuda_device()) return;
  compare_devices(
      [&](auto& ctx, auto& rig) {
        using T = typename std::remove_reference_t<decltype(rig)>::Scalar;
        const std::int64_t rows = 20, width = 64, n = rows * width;
        const T* x = rig.input(random_values(n, 1));
        const stx::RowNormKind<T> kind{.rows = rows, .width = width, .dropout = {0.5f, 2}};
        const stx::RowNormForward<T> forward{.kind = kind,
                                             .x = x,
                                             .residual = x,
                                             .gain = rig.input(random_values(width, 3)),
                                             .shift = rig.input(random_values(width, 4)),
                                             .y = rig.output(n),
                                             .mean = rig.output(rows),
                                             .rstd = rig.output(rows)};
        T* grad = rig.output(n);
        const stx::RowNormBackward<T> backward{.kind = kind,
                                               .grad_y = rig.input(random_values(n, 5)),
                                               .x = x,
                                               .residual = x,
                                               .gain = forward.gain,
                                               .mean = forward.mean,
                                               .rstd = forward.rstd,
                                               .grad_x = grad,
                                               .grad_residual = grad,
                                               .write_x = GradWrite::accumulate};
        return [=, &ctx] {
          stx::row_norm_forward(ctx, forward);
          stx::row_norm_backward(ctx, backward);
        };
      },
      16);
}

TEST_CASE("row_norm on CUDA: a row wider than shared memory is refused") {
  if (no_cuda_device()) return;
  stx::Context<stx::Cuda> ctx;
  CHECK_THROWS_WITH_AS(stx::row_norm_forward(ctx, stx::RowNormForward<float>{.kind = {.rows = 1, .width = 1 << 20}}),
                       doctest::Contains("use a smaller width"), stx::ArgumentError);
}
