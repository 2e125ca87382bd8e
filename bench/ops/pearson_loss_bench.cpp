#include "registry.hpp"
#include "support/naive_losses.hpp"

namespace stx::bench {
namespace {

template <class D>
Case pearson_case(Context<D>& ctx, std::int64_t rows, std::int64_t cols, bool masked, bool backward) {
  Buffers<D> memory(ctx);
  const std::int64_t n = rows * cols;
  auto mask = test::random_values(n, 99, 0, 1);
  for (double& m : mask) m = m < 0.7 ? 1 : 0;
  const PearsonLossForward<float> f{.prediction = memory.random(n),
                                    .target = memory.random(n),
                                    .mask = masked ? memory.input(mask) : nullptr,
                                    .loss = memory.output(1),
                                    .correlation = memory.output(cols),
                                    .stats = memory.output(pearson_stats * cols),
                                    .counted = memory.output(1),
                                    .rows = rows,
                                    .cols = cols};
  const PearsonLossBackward<float> b{.grad_loss = memory.input({1.0}),
                                     .prediction = f.prediction,
                                     .target = f.target,
                                     .mask = f.mask,
                                     .stats = f.stats,
                                     .counted = f.counted,
                                     .grad_prediction = memory.output(n),
                                     .rows = rows,
                                     .cols = cols};
  pearson_loss_forward(ctx, f);
  const auto run = [&ctx, f, b, backward] { backward ? pearson_loss_backward(ctx, b) : pearson_loss_forward(ctx, f); };
  const auto error = [memory, f, b, n, rows, cols, backward] {
    const auto want =
        test::naive::pearson_loss<double>(memory.host(f.prediction, n), memory.host(f.target, n), rows, cols,
                                          f.mask != nullptr ? memory.host(f.mask, n) : std::vector<double>());
    return backward ? memory.error(b.grad_prediction, want.second) : memory.error(f.loss, {want.first});
  };
  return {run, error};
}

}  // namespace

template <class D>
void add_pearson_loss(Suite<D>& suite) {
  for (const auto& [name, rows, cols, masked] : {std::tuple{"1024x320", 1024, 320, false},
                                                 {"384x996_masked", 384, 996, true},
                                                 {"large_8192x2000", 8192, 2000, false},
                                                 {"large_8192x2000_masked", 8192, 2000, true}})
    for (const bool backward : {false, true})
      suite.add("pearson_loss_" + std::string(backward ? "bwd/" : "fwd/") + name, rows,
                {4.0 * (2 + (masked ? 1 : 0) + (backward ? 1 : 0)) * rows * cols, 8.0 * rows * cols},
                [cols = cols, masked = masked, backward](Context<D>& ctx, std::int64_t n) {
                  return pearson_case(ctx, n, cols, masked, backward);
                });
}
void register_pearson_loss(Suites& suites) {
  suites.each([](auto& suite) { add_pearson_loss(suite); });
}

}  // namespace stx::bench
