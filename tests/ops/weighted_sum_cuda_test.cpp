#include "stx/backend/weighted_sum.hpp"

#include "support/device_rig.hpp"

using namespace stx::test;
using stx::GradWrite;

TEST_CASE("weighted_sum on CUDA: odd sizes, weighted and not, overwrite and accumulate") {
  if (no_cuda_device()) return;
  for (GradWrite write : {GradWrite::overwrite, GradWrite::accumulate})
    for (std::int64_t rows : odd_sizes) {
      CAPTURE(rows);
      const bool weighted = write == GradWrite::accumulate;
      compare_devices([&](auto& ctx, auto& rig) {
        using T = typename std::remove_reference_t<decltype(rig)>::Scalar;
        const stx::WeightedSumForward<T> f{.values = rig.input(random_values(rows, 1)),
                                           .weights = weighted ? rig.input(random_values(rows, 2)) : nullptr,
                                           .scale = weighted ? rig.input({0.75}) : nullptr,
                                           .loss = rig.output(1),
                                           .rows = rows,
                                           .factor = T(0.5)};
        const stx::WeightedSumBackward<T> b{.grad_loss = rig.input({1.25}),
                                            .weights = f.weights,
                                            .scale = f.scale,
                                            .grad_values = rig.output(rows, write),
                                            .write_values = write,
                                            .rows = rows,
                                            .factor = T(0.5)};
        return [=, &ctx] {
          stx::weighted_sum_forward(ctx, f);
          stx::weighted_sum_backward(ctx, b);
        };
      });
    }
}

TEST_CASE("weighted_sum on CUDA: the first row that is not finite is recorded") {
  if (no_cuda_device()) return;
  stx::Context<stx::Cuda> ctx;
  DeviceRig<float, stx::Cuda> rig(ctx);
  auto values = random_values(1000, 1);
  values[700] = INFINITY;
  values[300] = std::numeric_limits<double>::quiet_NaN();
  stx::begin_step(ctx);
  stx::weighted_sum_forward(
      ctx, stx::WeightedSumForward<float>{.values = rig.input(values), .loss = rig.output(1), .rows = 1000, .term = 2});
  stx::StepState state;
  stx::copy_to_host(ctx, &state, ctx.step_state(), sizeof state);
  CHECK(state.first_bad == stx::bad_key(1, 300, 2));
}
