#include "registry.hpp"
#include "stx/ops/schedule.hpp"

namespace stx::bench {
namespace {

template <class D>
Case weight_case(Context<D>& ctx) {
  Buffers<D> memory(ctx);
  const ScheduledWeight<float> args{memory.input({2.0}), memory.output(1), GradWrite::overwrite, {.value = 0.75}};
  return {[&ctx, args] { scheduled_weight(ctx, args); }, [memory, args] { return memory.error(args.to, {1.5}); }};
}

/// A loss term and its gradient, as a step has them.
template <class D>
Case weight_gradient_case(Context<D>& ctx) {
  Buffers<D> memory(ctx);
  const ScheduledWeight<float> value{memory.input({2.0}), memory.output(1), GradWrite::overwrite, {.value = 0.75}};
  const ScheduledWeight<float> grad{memory.input({-3.0}), memory.output(1), GradWrite::overwrite, value.schedule};
  return {[&ctx, value, grad] {
            scheduled_weight(ctx, value);
            scheduled_weight(ctx, grad);
          },
          [memory, value, grad] { return std::max(memory.error(value.to, {1.5}), memory.error(grad.to, {-2.25})); }};
}

template <class D>
Case learning_rate_case(Context<D>& ctx) {
  const Schedule schedule{.shape = ScheduleShape::cosine, .value = 0.5, .length = 100};
  return {[&ctx, schedule] { set_learning_rate(ctx, schedule); },
          [&ctx, schedule] {
            StepState state;
            copy_to_host(ctx, &state, ctx.step_state(), sizeof state);
            return std::abs(state.learning_rate - math::scheduled(schedule, state.step)) / schedule.value;
          }};
}

}  // namespace

template <class D>
void add_schedule(Suite<D>& suite) {
  suite.add("schedule/weight_1", 1, {8, 1}, [](Context<D>& ctx, std::int64_t) { return weight_case(ctx); });
  suite.add("schedule/weight_1_with_gradient", 1, {16, 2},
            [](Context<D>& ctx, std::int64_t) { return weight_gradient_case(ctx); });
  suite.add("schedule/learning_rate_cosine", 1, {8, 8},
            [](Context<D>& ctx, std::int64_t) { return learning_rate_case(ctx); });
}
void register_schedule(Suites& suites) {
  suites.each([](auto& suite) { add_schedule(suite); });
}

}  // namespace stx::bench
