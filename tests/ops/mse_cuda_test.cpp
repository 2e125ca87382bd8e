#include "stx/backend/mse.hpp"

#include "support/device_rig.hpp"

using namespace stx::test;
using stx::GradWrite;

namespace {

std::vector<double> random_mask(std::int64_t n) {
  auto mask = random_values(n, 9);
  for (double& m : mask) m = m > 0 ? 1 : 0;
  return mask;
}

void check(std::int64_t rows, std::int64_t cols, bool masked, GradWrite write) {
  CAPTURE(rows);
  CAPTURE(cols);
  CAPTURE(masked);
  compare_devices([&](auto& ctx, auto& rig) {
    using T = typename std::remove_reference_t<decltype(rig)>::Scalar;
    const std::int64_t n = rows * cols;
    const T* mask = masked ? rig.input(random_mask(n)) : nullptr;
    const stx::MseForward<T> forward{.y = rig.input(random_values(n, 1)),
                                     .target = rig.input(random_values(n, 2)),
                                     .mask = mask,
                                     .loss = rig.output(1),
                                     .divisor = rig.output(1),
                                     .row_sums = rig.output(2 * rows),
                                     .rows = rows,
                                     .cols = cols,
                                     .weight = T(0.75)};
    const stx::MseBackward<T> backward{.grad_loss = rig.input({1.5}),
                                       .y = forward.y,
                                       .target = forward.target,
                                       .mask = mask,
                                       .divisor = forward.divisor,
                                       .grad_y = rig.output(n, write),
                                       .write_y = write,
                                       .rows = rows,
                                       .cols = cols,
                                       .weight = T(0.75)};
    return [=, &ctx] {
      stx::mse_forward(ctx, forward);
      stx::mse_backward(ctx, backward);
    };
  });
}

}  // namespace

TEST_CASE("mse on CUDA: odd shapes, masked and not, overwrite and accumulate") {
  if (no_cuda_device()) return;
  for (bool masked : {false, true})
    for (std::int64_t odd : odd_sizes) {
      check(odd, 7, masked, GradWrite::overwrite);
      check(5, odd, masked, GradWrite::accumulate);
    }
}

TEST_CASE(
    "mse on CUDA: the first row that is not finite is recorded; masked entries may hold anything") {
  if (no_cuda_device()) return;
  stx::Context<stx::Cuda> ctx;
  DeviceRig<float, stx::Cuda> rig(ctx);
  const std::int64_t rows = 300, cols = 40;
  auto y = random_values(rows * cols, 1);
  auto mask = std::vector<double>(rows * cols, 1.0);
  y[17 * cols + 3] = std::numeric_limits<double>::quiet_NaN();  // masked
  mask[17 * cols + 3] = 0;
  y[250 * cols] = std::numeric_limits<double>::infinity();
  y[201 * cols + 39] = std::numeric_limits<double>::quiet_NaN();
  const stx::MseForward<float> args{.y = rig.input(y),
                                    .target = rig.input(random_values(rows * cols, 2)),
                                    .mask = rig.input(mask),
                                    .loss = rig.output(1),
                                    .divisor = rig.output(1),
                                    .row_sums = rig.output(2 * rows),
                                    .rows = rows,
                                    .cols = cols};
  stx::begin_step(ctx);
  stx::begin_step(ctx);
  stx::mse_forward(ctx, args);
  stx::begin_step(ctx);
  stx::mse_forward(ctx, args);  // a later step does not replace the first
  stx::StepState state;
  stx::copy_to_host(ctx, &state, ctx.step_state(), sizeof state);
  CHECK(state.first_bad == stx::bad_key(2, 201));
  CHECK(std::isnan(rig.read()[0][0]));
}
