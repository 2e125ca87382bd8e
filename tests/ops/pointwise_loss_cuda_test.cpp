#include "stx/backend/pointwise_loss.hpp"

#include "support/device_rig.hpp"

using namespace stx::test;
using stx::EntryLoss;
using stx::GradWrite;
using stx::PointwiseLoss;

namespace {

/// mse with and without a mask, and l1_loss.
struct Form {
  EntryLoss entry;
  bool masked, mean;
};
constexpr Form forms[] = {
    {EntryLoss::squared, false, true}, {EntryLoss::squared, true, true}, {EntryLoss::absolute, false, false}};

std::vector<double> random_mask(std::int64_t n) {
  auto mask = random_values(n, 9);
  for (double& m : mask) m = m > 0 ? 1 : 0;
  return mask;
}

void check(std::int64_t rows, std::int64_t cols, Form form, GradWrite write) {
  CAPTURE(rows);
  CAPTURE(cols);
  CAPTURE(static_cast<int>(form.entry));
  CAPTURE(form.masked);
  compare_devices([&](auto& ctx, auto& rig) {
    using T = typename std::remove_reference_t<decltype(rig)>::Scalar;
    const std::int64_t n = rows * cols;
    auto y = random_values(n, 1), target = random_values(n, 2);
    for (std::int64_t i = 0; i < n; i += 7) target[i] = y[i];  // where no gradient is
    const PointwiseLoss<T> in{.entry = form.entry,
                              .mean = form.mean,
                              .y = rig.input(y),
                              .target = rig.input(target),
                              .mask = form.masked ? rig.input(random_mask(n)) : nullptr,
                              .rows = rows,
                              .cols = cols,
                              .weight = T(0.75)};
    const stx::PointwiseLossForward<T> forward{
        .in = in, .loss = rig.output(1), .divisor = rig.output(1), .row_sums = rig.output(2 * rows)};
    const stx::PointwiseLossBackward<T> backward{.in = in,
                                                 .grad_loss = rig.input({1.5}),
                                                 .divisor = forward.divisor,
                                                 .grad_y = rig.output(n, write),
                                                 .write_y = write};
    return [=, &ctx] {
      stx::pointwise_loss_forward(ctx, forward);
      stx::pointwise_loss_backward(ctx, backward);
    };
  });
}

}  // namespace

TEST_CASE("pointwise_loss on CUDA: odd shapes, masked and not, overwrite and accumulate") {
  if (no_cuda_device()) return;
  for (const Form& form : forms)
    for (std::int64_t odd : odd_sizes) {
      check(odd, 7, form, GradWrite::overwrite);
      check(5, odd, form, GradWrite::accumulate);
    }
}

TEST_CASE("pointwise_loss on CUDA: the first row that is not finite is recorded; masked entries may hold anything") {
  if (no_cuda_device()) return;
  for (const EntryLoss entry : {EntryLoss::squared, EntryLoss::absolute}) {
    stx::Context<stx::Cuda> ctx;
    DeviceRig<float, stx::Cuda> rig(ctx);
    const std::int64_t rows = 300, cols = 40;
    auto y = random_values(rows * cols, 1);
    auto mask = std::vector<double>(rows * cols, 1.0);
    y[17 * cols + 3] = std::numeric_limits<double>::quiet_NaN();  // masked
    mask[17 * cols + 3] = 0;
    y[250 * cols] = std::numeric_limits<double>::infinity();
    y[201 * cols + 39] = std::numeric_limits<double>::quiet_NaN();
    const stx::PointwiseLossForward<float> args{.in = {.entry = entry,
                                                       .y = rig.input(y),
                                                       .target = rig.input(random_values(rows * cols, 2)),
                                                       .mask = rig.input(mask),
                                                       .rows = rows,
                                                       .cols = cols},
                                                .loss = rig.output(1),
                                                .divisor = rig.output(1),
                                                .row_sums = rig.output(2 * rows),
                                                .term = 4};
    stx::begin_step(ctx);
    stx::begin_step(ctx);
    stx::pointwise_loss_forward(ctx, args);
    stx::begin_step(ctx);
    stx::pointwise_loss_forward(ctx, args);  // a later step does not replace the first
    stx::StepState state;
    stx::copy_to_host(ctx, &state, ctx.step_state(), sizeof state);
    CHECK(state.first_bad == stx::bad_key(2, 201, 4));
    CHECK(std::isnan(rig.read()[0][0]));
  }
}
