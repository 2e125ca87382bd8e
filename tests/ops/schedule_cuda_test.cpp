#include "stx/backend/schedule.hpp"

#include "support/device_rig.hpp"

using namespace stx::test;
using stx::GradWrite;
using stx::Schedule;
using stx::ScheduleShape;

TEST_CASE("schedule on CUDA: a captured step goes on along the schedule, with the bits of the CPU") {
  if (no_cuda_device()) return;
  for (const Schedule& schedule :
       {Schedule{.shape = ScheduleShape::cosine, .value = 0.05, .warm_up = 3, .length = 9, .last = 0.001},
        Schedule{.shape = ScheduleShape::steps, .value = 0.05, .length = 2, .factor = 0.3},
        Schedule{.shape = ScheduleShape::linear, .value = 0.05, .length = 8, .last = 0.01},
        Schedule{.value = 0.05, .warm_up = 5}}) {
    const auto run = [&]<class D>(D) {
      stx::Context<D> ctx;
      stx::StepGraph<D> graph(ctx);
      std::vector<float> rates;
      for (int t = 0; t < 12; ++t) {
        graph.run(0, [&] {
          stx::begin_step(ctx);
          stx::set_learning_rate(ctx, schedule);
        });
        stx::StepState state;
        stx::copy_to_host(ctx, &state, ctx.step_state(), sizeof state);
        rates.push_back(state.learning_rate);
      }
      return rates;
    };
    CHECK(same_bits(run(stx::Cuda{}), run(stx::Cpu{})));
  }
}

TEST_CASE("scheduled_weight on CUDA: overwrite and accumulate") {
  if (no_cuda_device()) return;
  for (const GradWrite write : {GradWrite::overwrite, GradWrite::accumulate})
    compare_devices([&](auto& ctx, auto& rig) {
      using T = typename std::remove_reference_t<decltype(rig)>::Scalar;
      const stx::ScheduledWeight<T> args{rig.input({2.5}), rig.output(1, write), write, {.value = 0.7, .warm_up = 3}};
      return [=, &ctx] { stx::scheduled_weight(ctx, args); };
    });
}
