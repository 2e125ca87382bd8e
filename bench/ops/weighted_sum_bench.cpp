#include "registry.hpp"

namespace stx::bench {
namespace {

template <class D>
Case sum_case(Context<D>& ctx, std::int64_t rows, bool backward) {
  Buffers<D> memory(ctx);
  const WeightedSumForward<float> f{.values = memory.random(rows),
                                    .weights = memory.random(rows),
                                    .loss = memory.output(1),
                                    .rows = rows,
                                    .factor = 0.5f};
  const WeightedSumBackward<float> b{.grad_loss = memory.input({2.0}),
                                     .weights = f.weights,
                                     .grad_values = memory.output(rows),
                                     .rows = rows,
                                     .factor = 0.5f};
  const auto run = [&ctx, f, b, backward] { backward ? weighted_sum_backward(ctx, b) : weighted_sum_forward(ctx, f); };
  const auto error = [memory, f, b, rows, backward] {
    const auto values = memory.host(f.values, rows), weights = memory.host(f.weights, rows);
    double sum = 0;
    for (std::int64_t i = 0; i < rows; ++i) sum += 0.5 * values[i] * weights[i];
    return backward ? memory.error(b.grad_values, weights) : memory.error(f.loss, {sum});
  };
  return {run, error};
}

}  // namespace

template <class D>
void add_weighted_sum(Suite<D>& suite) {
  for (const auto& [name, rows] : {std::pair{"1024", 1024}, {"large_65536", 65536}})
    for (const bool backward : {false, true})
      suite.add("weighted_sum_" + std::string(backward ? "bwd/" : "fwd/") + name, rows, {8.0 * rows, 2.0 * rows},
                [backward](Context<D>& ctx, std::int64_t n) { return sum_case(ctx, n, backward); });
}
void register_weighted_sum(Suites& suites) {
  suites.each([](auto& suite) { add_weighted_sum(suite); });
}

}  // namespace stx::bench
