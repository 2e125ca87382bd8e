// The backend that layer norm, RMS norm, their residual and adaptive forms share; the values of
// each are judged in the test of its op.
#include "stx/backend/row_norm.hpp"

#include "support/compare.hpp"
#include "support/guarded.hpp"
#include "support/random.hpp"

using namespace stx::test;
using stx::GradWrite;

namespace {

struct Buffers {
  Guarded<float> x, r, gain, shift, gy, y, mean, rstd, gx, gr, gg, gs;
  Buffers(std::int64_t n, std::int64_t rows, std::int64_t affine)
      : x(convert<float>(random_values(n, 1))), r(convert<float>(random_values(n, 2))),
        gain(convert<float>(random_values(affine, 3))), shift(convert<float>(random_values(affine, 4))),
        gy(convert<float>(random_values(n, 5))), y(n), mean(rows), rstd(rows), gx(n), gr(n), gg(affine), gs(affine) {}
};

void run(stx::Context<stx::Cpu>& ctx, Buffers& b, const stx::RowNormKind<float>& kind, GradWrite write) {
  stx::row_norm_forward(ctx, stx::RowNormForward<float>{kind, b.x.data(), b.r.data(), b.gain.data(), b.shift.data(),
                                                        b.y.data(), b.mean.data(), b.rstd.data()});
  stx::row_norm_backward(ctx, stx::RowNormBackward<float>{.kind = kind,
                                                          .grad_y = b.gy.data(),
                                                          .x = b.x.data(),
                                                          .residual = b.r.data(),
                                                          .gain = b.gain.data(),
                                                          .mean = b.mean.data(),
                                                          .rstd = b.rstd.data(),
                                                          .grad_x = b.gx.data(),
                                                          .grad_residual = b.gr.data(),
                                                          .grad_gain = b.gg.data(),
                                                          .grad_shift = b.gs.data(),
                                                          .write_x = write,
                                                          .write_residual = write,
                                                          .write_gain = write,
                                                          .write_shift = write});
}

}  // namespace

TEST_CASE("row_norm: the backend stays inside its buffers") {
  stx::Context<stx::Cpu> ctx({.threads = 2, .seed = 9});
  ctx.step_state()->step = 1;
  for (std::int64_t per_group : {0, 1, 43})
    for (std::int64_t rows : {43, 129})
      for (std::int64_t width : {1, 31, 257}) {
        Buffers b(rows * width, rows, (per_group > 0 ? rows / per_group : 1) * width);
        const stx::RowNormKind<float> kind{.rows = rows,
                                           .width = width,
                                           .rows_per_group = per_group,
                                           .affine_stride = width,
                                           .centred = per_group != 1,
                                           .dropout = {0.3f, 6}};
        for (GradWrite write : {GradWrite::overwrite, GradWrite::accumulate}) run(ctx, b, kind, write);
        for (auto* buffer : {&b.x, &b.r, &b.gain, &b.shift, &b.gy, &b.y, &b.mean, &b.rstd, &b.gx, &b.gr, &b.gg, &b.gs})
          CHECK(buffer->intact());
      }
}

TEST_CASE("row_norm: one group of all rows is no group, bit for bit in the rows") {
  stx::Context<stx::Cpu> ctx({.threads = 2, .seed = 9});
  const std::int64_t rows = 300, width = 40;
  Buffers none(rows * width, rows, width), one(rows * width, rows, width);
  run(ctx, none, {.rows = rows, .width = width}, GradWrite::overwrite);
  run(ctx, one, {.rows = rows, .width = width, .rows_per_group = rows, .affine_stride = width}, GradWrite::overwrite);
  CHECK(same_bits(none.y.content(), one.y.content()));
  CHECK(same_bits(none.gx.content(), one.gx.content()));
  const auto want = none.gg.content(), got = one.gg.content();
  CHECK(max_error(got, want) <= 1e-5 * max_abs(want));
}

TEST_CASE("row_norm: the gain's offset counts with it") {
  stx::Context<stx::Cpu> ctx;
  const std::int64_t rows = 5, width = 8;
  Buffers plain(rows * width, rows, width), offset(rows * width, rows, width);
  for (std::int64_t j = 0; j < width; ++j) offset.gain.data()[j] -= 1;
  run(ctx, plain, {.rows = rows, .width = width}, GradWrite::overwrite);
  run(ctx, offset, {.rows = rows, .width = width, .gain_offset = 1}, GradWrite::overwrite);
  CHECK(max_error(offset.y.content(), plain.y.content()) < 1e-6);
  CHECK(max_error(offset.gx.content(), plain.gx.content()) < 1e-6);
}
