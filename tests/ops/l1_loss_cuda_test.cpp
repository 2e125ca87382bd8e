#include "stx/backend/l1_loss.hpp"

#include "support/device_rig.hpp"

using namespace stx::test;
using stx::GradWrite;

namespace {

void check(std::int64_t rows, std::int64_t cols, GradWrite write) {
  CAPTURE(rows);
  CAPTURE(cols);
  compare_devices([&](auto& ctx, auto& rig) {
    using T = typename std::remove_reference_t<decltype(rig)>::Scalar;
    const std::int64_t n = rows * cols;
    auto y = random_values(n, 1), target = random_values(n, 2);
    for (std::int64_t i = 0; i < n; i += 7) target[i] = y[i];  // where the gradient is 0
    const stx::L1LossForward<T> forward{.y = rig.input(y),
                                        .target = rig.input(target),
                                        .loss = rig.output(1),
                                        .row_sums = rig.output(rows),
                                        .rows = rows,
                                        .cols = cols,
                                        .weight = T(0.75)};
    const stx::L1LossBackward<T> backward{.grad_loss = rig.input({1.5}),
                                          .y = forward.y,
                                          .target = forward.target,
                                          .grad_y = rig.output(n, write),
                                          .write_y = write,
                                          .rows = rows,
                                          .cols = cols,
                                          .weight = T(0.75)};
    return [=, &ctx] {
      stx::l1_loss_forward(ctx, forward);
      stx::l1_loss_backward(ctx, backward);
    };
  });
}

}  // namespace

TEST_CASE("l1_loss on CUDA: odd shapes, overwrite and accumulate") {
  if (no_cuda_device()) return;
  for (std::int64_t odd : odd_sizes) {
    check(odd, 2, GradWrite::overwrite);
    check(5, odd, GradWrite::accumulate);
  }
}

TEST_CASE("l1_loss on CUDA: the first row that is not finite is recorded") {
  if (no_cuda_device()) return;
  stx::Context<stx::Cuda> ctx;
  DeviceRig<float, stx::Cuda> rig(ctx);
  const std::int64_t rows = 300, cols = 40;
  auto y = random_values(rows * cols, 1);
  y[250 * cols] = std::numeric_limits<double>::infinity();
  y[201 * cols + 39] = std::numeric_limits<double>::quiet_NaN();
  const stx::L1LossForward<float> args{.y = rig.input(y),
                                       .target = rig.input(random_values(rows * cols, 2)),
                                       .loss = rig.output(1),
                                       .row_sums = rig.output(rows),
                                       .rows = rows,
                                       .cols = cols,
                                       .term = 4};
  stx::begin_step(ctx);
  stx::begin_step(ctx);
  stx::l1_loss_forward(ctx, args);
  stx::begin_step(ctx);
  stx::l1_loss_forward(ctx, args);  // a later step does not replace the first
  stx::StepState state;
  stx::copy_to_host(ctx, &state, ctx.step_state(), sizeof state);
  CHECK(state.first_bad == stx::bad_key(2, 201, 4));
  CHECK(std::isnan(rig.read()[0][0]));
}
