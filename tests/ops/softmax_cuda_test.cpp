#include "stx/backend/softmax.hpp"

#include "support/device_rig.hpp"

using namespace stx::test;
using stx::GradWrite;

namespace {

void check(std::int64_t rows, std::int64_t n, float dropout, GradWrite write, double magnitude = 4) {
  CAPTURE(rows);
  CAPTURE(n);
  CAPTURE(dropout);
  compare_devices([&](auto& ctx, auto& rig) {
    using T = typename std::remove_reference_t<decltype(rig)>::Scalar;
    const std::int64_t size = rows * n;
    const stx::SoftmaxForward<T> forward{.x = rig.input(random_values(size, 1, -magnitude, magnitude)),
                                         .p = dropout > 0 ? rig.output(size) : nullptr,
                                         .y = rig.output(size),
                                         .rows = rows,
                                         .n = n,
                                         .scale = T(0.5),
                                         .dropout = {dropout, 6}};
    const stx::SoftmaxBackward<T> backward{.grad_y = rig.input(random_values(size, 2)),
                                           .p = forward.p != nullptr ? forward.p : forward.y,
                                           .grad_x = rig.output(size, write),
                                           .write_x = write,
                                           .rows = rows,
                                           .n = n,
                                           .scale = T(0.5),
                                           .dropout = {dropout, 6}};
    return [=, &ctx] {
      stx::softmax_forward(ctx, forward);
      stx::softmax_backward(ctx, backward);
    };
  });
}

}  // namespace

TEST_CASE("softmax on CUDA: odd shapes, overwrite and accumulate, with and without dropout") {
  if (no_cuda_device()) return;
  for (std::int64_t odd : odd_sizes) {
    check(odd, 30, 0.2f, GradWrite::overwrite);
    check(5, odd, 0, GradWrite::accumulate);
  }
  check(3, 4096, 0.1f, GradWrite::accumulate);
  check(2, 4097, 0, GradWrite::overwrite);
  check(40, 64, 0, GradWrite::overwrite, 1000);
}

TEST_CASE("softmax on CUDA: minus infinities give zeros, NaN stays visible") {
  if (no_cuda_device()) return;
  stx::Context<stx::Cuda> ctx;
  DeviceRig<float, stx::Cuda> rig(ctx);
  const double low = -std::numeric_limits<double>::infinity();
  const stx::SoftmaxForward<float> args{
      .x = rig.input({low, low, low, 1, low, 1, 2, std::nan(""), 0}), .y = rig.output(9), .rows = 3, .n = 3};
  stx::begin_step(ctx);
  stx::softmax_forward(ctx, args);
  const auto y = rig.read()[0];
  CHECK(std::vector<float>(y.begin(), y.begin() + 6) == std::vector<float>{0, 0, 0, 0.5f, 0, 0.5f});
  for (int j = 6; j < 9; ++j) CHECK(std::isnan(y[j]));
}
