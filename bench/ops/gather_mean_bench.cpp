#include "registry.hpp"
#include "stx/ops/gather_mean.hpp"

namespace stx::bench {
namespace {

template <class D>
Case mean_case(Context<D>& ctx, std::int64_t count) {
  constexpr std::int64_t n = 20000, width = 300;
  Buffers<D> memory(ctx);
  std::vector<std::int32_t> ids;
  for (std::int64_t i = 0; i < count; ++i) ids.push_back(static_cast<std::int32_t>(i * 7919 % n));
  GatherMean<float> args{.table = memory.random(n * width),
                         .ids = to_device(ctx, ids, Shape{count}).data,
                         .out = memory.output(width),
                         .n = n,
                         .width = width,
                         .count = count};
  args.sums = memory.output(args.parts() * width);
  const auto error = [memory, args, ids] {
    const auto table = memory.host(args.table, n * width);
    std::vector<double> want(width, 0.0);
    for (std::int32_t id : ids)
      for (std::int64_t j = 0; j < width; ++j) want[j] += table[id * width + j] / static_cast<double>(ids.size());
    return memory.error(args.out, want);
  };
  return {[&ctx, args] { gather_mean(ctx, args); }, error};
}

}  // namespace

template <class D>
void add_gather_mean(Suite<D>& suite) {
  for (const std::int64_t count : {1024, 65536})
    suite.add((count == 1024 ? "gather_mean/" : "gather_mean/large_") + std::to_string(count) + "x300", count,
              {4.0 * static_cast<double>(count) * 300, static_cast<double>(count) * 300},
              [](Context<D>& ctx, std::int64_t rows) { return mean_case(ctx, rows); });
}
void register_gather_mean(Suites& suites) {
  suites.each([](auto& suite) { add_gather_mean(suite); });
}

}  // namespace stx::bench
