#include "registry.hpp"
#include "stx/ops/schedule.hpp"

namespace stx::bench {
namespace {

template <class D>
Case weight_case(Context<D>& ctx) {
  Buffers<D> memory(ctx);
  const ScheduledWeight<float> args{
      memory.input({2.0}), memory.output(1), GradWrite::overwrite, {.value = 0.75}};
  return {[&ctx, args] { scheduled_weight(ctx, args); },
          [memory, args] { return memory.error(args.to, {1.5}); }};
}

}  // namespace

template <class D>
void add_schedule(Suite<D>& suite) {
  suite.add("schedule/weight_1", 1, {8, 1},
            [](Context<D>& ctx, std::int64_t) { return weight_case(ctx); });
}
void register_schedule(Suites& suites) {
  suites.each([](auto& suite) { add_schedule(suite); });
}

}  // namespace stx::bench
