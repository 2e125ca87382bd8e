#include "registry.hpp"
#include "support/naive_losses.hpp"

namespace stx::bench {
namespace {

template <class D>
Case pearson_case(Context<D>& ctx, std::int64_t rows, std::int64_t cols, bool backward) {
  Buffers<D> memory(ctx);
  const std::int64_t n = rows * cols;
  const PearsonLossForward<float> f{.prediction = memory.random(n),
                                    .target = memory.random(n),
                                    .loss = memory.output(1),
                                    .correlation = memory.output(cols),
                                    .stats = memory.output(pearson_stats * cols),
                                    .counted = memory.output(1),
                                    .rows = rows,
                                    .cols = cols};
  const PearsonLossBackward<float> b{.grad_loss = memory.input({1.0}),
                                     .prediction = f.prediction,
                                     .target = f.target,
                                     .stats = f.stats,
                                     .counted = f.counted,
                                     .grad_prediction = memory.output(n),
                                     .rows = rows,
                                     .cols = cols};
  pearson_loss_forward(ctx, f);
  const auto run = [&ctx, f, b, backward] {
    backward ? pearson_loss_backward(ctx, b) : pearson_loss_forward(ctx, f);
  };
  const auto error = [memory, f, b, n, rows, cols, backward] {
    const auto want = test::naive::pearson_loss<double>(memory.host(f.prediction, n),
                                                        memory.host(f.target, n), rows, cols);
    return backward ? memory.error(b.grad_prediction, want.second)
                    : memory.error(f.loss, {want.first});
  };
  return {run, error};
}

}  // namespace

template <class D>
void add_pearson_loss(Suite<D>& suite) {
  for (const auto& [name, rows, cols] :
       {std::tuple{"1024x320", 1024, 320}, {"large_8192x2000", 8192, 2000}})
    for (const bool backward : {false, true})
      suite.add("pearson_loss_" + std::string(backward ? "bwd/" : "fwd/") + name, rows,
                {(backward ? 12.0 : 8.0) * rows * cols, 8.0 * rows * cols},
                [cols = cols, backward](Context<D>& ctx, std::int64_t n) {
                  return pearson_case(ctx, n, cols, backward);
                });
}
void register_pearson_loss(Suites& suites) {
  suites.each([](auto& suite) { add_pearson_loss(suite); });
}

}  // namespace stx::bench
