#include "registry.hpp"
#include "stx/ops/q_sample.hpp"
#include "support/naive_sampling.hpp"

namespace stx::bench {
namespace {

template <class D>
Case q_sample_case(Context<D>& ctx, std::int64_t rows, std::int64_t cols) {
  Buffers<D> memory(ctx);
  const auto x0 = test::random_values(rows * cols, 1);
  std::vector<std::int32_t> times(static_cast<std::size_t>(rows), 1);
  const QSample<float> args{.x0 = memory.input(x0),
                            .times = to_device(ctx, times, Shape{rows}).data,
                            .levels = memory.input({1, 0, 0.75, 0.5}),
                            .drawn = memory.output(rows * cols),
                            .xt = memory.output(rows * cols),
                            .rows = rows,
                            .cols = cols,
                            .n_times = 2,
                            .site = 1};
  const auto error = [memory, args, x0, cols] {
    std::vector<double> want;
    for (std::size_t e = 0; e < x0.size(); ++e) {
      const auto i = static_cast<std::int64_t>(e);
      want.push_back(0.75 * x0[e] + 0.5 * test::naive::normal(0, 0, 1, i / cols, i % cols));
    }
    return memory.error(args.xt, want);
  };
  return {[&ctx, args] { q_sample(ctx, args); }, error};
}

template <class D>
void add(Suite<D>& suite, const std::string& name, std::int64_t rows, std::int64_t cols) {
  const double size = static_cast<double>(rows * cols);
  suite.add("q_sample/" + name, rows, {12 * size, 3 * size},
            [cols](Context<D>& ctx, std::int64_t n) { return q_sample_case(ctx, n, cols); });
}

}  // namespace

template <class D>
void add_q_sample(Suite<D>& suite) {
  add(suite, "256x996", 256, 996);
  add(suite, "large_8192x2000", 8192, 2000);
}
void register_q_sample(Suites& suites) {
  suites.each([](auto& suite) { add_q_sample(suite); });
}

}  // namespace stx::bench
