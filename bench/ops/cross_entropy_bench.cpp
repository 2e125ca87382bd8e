#include "registry.hpp"
#include "support/naive_losses.hpp"

namespace stx::bench {
namespace {

template <class D>
Case entropy_case(Context<D>& ctx, std::int64_t rows, std::int64_t classes, bool backward) {
  Buffers<D> memory(ctx);
  std::vector<std::int32_t> labels;
  for (std::int64_t i = 0; i < rows; ++i) labels.push_back(static_cast<std::int32_t>(i % classes));
  const CrossEntropyForward<float> f{.logits = memory.random(rows * classes),
                                     .labels = to_device(ctx, labels, Shape{rows}).data,
                                     .loss = memory.output(1),
                                     .lse = memory.output(rows),
                                     .divisor = memory.output(1),
                                     .terms = memory.output(rows),
                                     .rows = rows,
                                     .classes = classes};
  const CrossEntropyBackward<float> b{.grad_loss = memory.input({1.0}),
                                      .logits = f.logits,
                                      .labels = f.labels,
                                      .lse = f.lse,
                                      .divisor = f.divisor,
                                      .grad_logits = memory.output(rows * classes),
                                      .rows = rows,
                                      .classes = classes};
  cross_entropy_forward(ctx, f);
  const auto run = [&ctx, f, b, backward] {
    backward ? cross_entropy_backward(ctx, b) : cross_entropy_forward(ctx, f);
  };
  const auto error = [memory, f, b, labels, rows, classes, backward] {
    const auto want = test::naive::cross_entropy<double>(memory.host(f.logits, rows * classes), labels, classes, -1);
    return backward ? memory.error(b.grad_logits, want.second) : memory.error(f.loss, {want.first});
  };
  return {run, error};
}

}  // namespace

template <class D>
void add_cross_entropy(Suite<D>& suite) {
  for (const auto& [name, rows, classes] : {std::tuple{"1024x2", 1024, 2}, {"large_8192x2000", 8192, 2000}})
    for (const bool backward : {false, true})
      suite.add("cross_entropy_" + std::string(backward ? "bwd/" : "fwd/") + name, rows,
                {(backward ? 8.0 : 4.0) * rows * classes, 20.0 * rows * classes},
                [classes = classes, backward](Context<D>& ctx, std::int64_t n) {
                  return entropy_case(ctx, n, classes, backward);
                });
}
void register_cross_entropy(Suites& suites) {
  suites.each([](auto& suite) { add_cross_entropy(suite); });
}

}  // namespace stx::bench
